#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "conmon.h"

/* The version of conmon whose options these are: engines refuse one that they think too old. */
#define CONMON_VERSION "2.1.12"
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

enum option_name {
	API_VERSION = 256, FULL_ATTACH, EXIT_DIR, EXIT_COMMAND, EXIT_ARG, EXIT_DELAY, EXEC_ATTACH, PROCESS_SPEC, LEAVE_STDIN,
	LOG_LEVEL, LOG_SIZE_MAX, LOG_TAG, NO_PIVOT, NO_KEYRING, PRESERVE, PERSIST, RUNTIME_ARG, SYNC, SYSLOG, VERSION, REFUSED
};

static const struct option names[] = {
	{"api-version", required_argument, NULL, API_VERSION},
	{"bundle", required_argument, NULL, 'b'},
	{"cid", required_argument, NULL, 'c'},
	{"conmon-pidfile", required_argument, NULL, 'P'},
	{"container-pidfile", required_argument, NULL, 'p'},
	{"cuuid", required_argument, NULL, 'u'},
	{"exec", no_argument, NULL, 'e'},
	{"exec-attach", no_argument, NULL, EXEC_ATTACH},
	{"exec-process-spec", required_argument, NULL, PROCESS_SPEC},
	{"exit-command", required_argument, NULL, EXIT_COMMAND},
	{"exit-command-arg", required_argument, NULL, EXIT_ARG},
	{"exit-delay", required_argument, NULL, EXIT_DELAY},
	{"exit-dir", required_argument, NULL, EXIT_DIR},
	{"full-attach", no_argument, NULL, FULL_ATTACH},
	{"leave-stdin-open", no_argument, NULL, LEAVE_STDIN},
	{"log-level", required_argument, NULL, LOG_LEVEL},
	{"log-path", required_argument, NULL, 'l'},
	{"log-size-max", required_argument, NULL, LOG_SIZE_MAX},
	{"log-tag", required_argument, NULL, LOG_TAG},
	{"name", required_argument, NULL, 'n'},
	{"no-new-keyring", no_argument, NULL, NO_KEYRING},
	{"no-pivot", no_argument, NULL, NO_PIVOT},
	{"persist-dir", required_argument, NULL, PERSIST},
	{"pidfile", required_argument, NULL, 'P'},
	{"preserve-fds", required_argument, NULL, PRESERVE},
	{"runtime", required_argument, NULL, 'r'},
	{"runtime-arg", required_argument, NULL, RUNTIME_ARG},
	{"stdin", no_argument, NULL, 'i'},
	{"sync", no_argument, NULL, SYNC},
	{"syslog", no_argument, NULL, SYSLOG},
	{"systemd-cgroup", no_argument, NULL, 's'},
	{"terminal", no_argument, NULL, 't'},
	{"timeout", required_argument, NULL, 'T'},
	{"version", no_argument, NULL, VERSION},
	/* Other engines' ways, and checkpoints. */
	{"restore", required_argument, NULL, REFUSED},
	{"restore-arg", required_argument, NULL, REFUSED},
	{"replace-listen-pid", no_argument, NULL, REFUSED},
	{"sdnotify-socket", required_argument, NULL, REFUSED},
	{"socket-dir-path", required_argument, NULL, REFUSED},
	{NULL, 0, NULL, 0},
};

static int parse_number(const char *text, unsigned *value, const char *name, struct error *err)
{
	char *end;
	long long number = strtoll(text, &end, 10);
	if (end == text || *end || number < 0 || number > INT_MAX)
		return error_set(err, "usage", "--%s: `%s` is not a number", name, text);
	*value = (unsigned)number;
	return 0;
}

/* For the rest of our life. */
static const char *absolute(const char *path)
{
	char *text = NULL;
	auto_free char *directory = path[0] == '/' ? NULL : get_current_dir_name();
	if (path[0] == '/')
		return path;
	return !directory || asprintf(&text, "%s/%s", directory, path) < 0 ? NULL : text;
}

static int set_log_file(struct conmon_options *o, enum log_driver driver, const char *path, struct error *err)
{
	if (!path || !*path)
		return error_set(err, "usage", "--log-path: k8s-file requires a filename");
	o->log.log = driver;
	o->log.log_path = absolute(path);
	return o->log.log_path ? 0 : error_errno(err, "internal", "find the working directory");
}

/* The container could push input into a terminal, as if it were typed. */
static int set_passthrough(struct conmon_options *o, bool terminal_allowed, struct error *err)
{
	o->passthrough = true;
	for (int fd = 0; fd < 3 && !terminal_allowed; fd++)
		if (isatty(fd))
			return error_set(err, "usage", "--log-path passthrough: not with a terminal; use passthrough-tty");
	return 0;
}

/* DRIVER:PATH, DRIVER or PATH; several of them, of which the last one that names a file counts. */
static int parse_log(struct conmon_options *o, const char *text, struct error *err)
{
	static const struct {
		const char *name;
		enum log_driver driver;
	} drivers[] = {
		{"k8s-file", LOG_K8S}, {"json-file", LOG_JSON}, {"journald", LOG_JOURNALD}, {"passthrough", LOG_PASSTHROUGH},
		{"passthrough-tty", LOG_PASSTHROUGH}, {"none", LOG_NONE}, {"off", LOG_NONE}, {"null", LOG_NONE},
	};
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text), i = 0, count = sizeof drivers / sizeof *drivers;
	while (i < count && (strlen(drivers[i].name) != length || strncmp(drivers[i].name, text, length) != 0))
		i++;
	if (i == count && (!colon || length == 0 || text[0] == '/'))
		return set_log_file(o, LOG_K8S, length == 0 && colon ? colon + 1 : text, err);
	if (i == count)
		return error_set(err, "usage",
				 "--log-path: no such log driver %.*s; there are k8s-file, json-file, journald, passthrough, "
				 "passthrough-tty and none",
				 (int)length, text);
	switch (drivers[i].driver) {
	case LOG_NONE:
		return 0; /* beside others it takes nothing from them */
	case LOG_PASSTHROUGH:
		return set_passthrough(o, drivers[i].name[sizeof "passthrough" - 1] == '-', err);
	case LOG_JOURNALD:
		o->journal.log = LOG_JOURNALD;
		return 0;
	default:
		return set_log_file(o, drivers[i].driver, colon ? colon + 1 : NULL, err);
	}
}

static int parse_path_option(struct conmon_options *o, int option, struct error *err)
{
	switch (option) {
	case 'b':
		o->bundle = optarg;
		return 0;
	case 'c':
		o->id = optarg;
		return 0;
	case 'l':
		return parse_log(o, optarg, err);
	case 'n':
		o->journal.name = optarg;
		return 0;
	case LOG_TAG:
		o->journal.log_tag = optarg;
		return 0;
	case 'P':
		o->conmon_pid_file = optarg;
		return 0;
	case 'p':
		o->pid_file = optarg;
		return 0;
	case 'r':
		o->runtime = optarg;
		return 0;
	case EXIT_COMMAND:
		o->exit_command = optarg;
		return 0;
	case EXIT_DIR:
		o->exit_dir = optarg;
		return 0;
	case PERSIST:
		o->persist_dir = optarg;
		return 0;
	case PROCESS_SPEC:
		o->process_file = optarg;
		return 0;
	case EXIT_ARG:
		return json_array_append_new(o->exit_args, json_string(optarg));
	case RUNTIME_ARG:
		return json_array_append_new(o->runtime_args, json_string(optarg));
	default:
		return 1;
	}
}

static int parse_switch(struct conmon_options *o, int option)
{
	switch (option) {
	case 'e':
		o->exec = true;
		break;
	case 'i':
		o->open_stdin = true;
		break;
	case 's':
		o->systemd_cgroup = true;
		break;
	case 't':
		o->terminal = true;
		break;
	case EXEC_ATTACH:
		o->exec_attach = true;
		break;
	case FULL_ATTACH:
		o->full_attach = true;
		break;
	case LEAVE_STDIN:
		o->leave_stdin_open = true;
		break;
	case NO_KEYRING:
		o->no_new_keyring = true;
		break;
	case NO_PIVOT:
		o->no_pivot = true;
		break;
	default:
		return 1;
	}
	return 0;
}

static int parse_option(struct conmon_options *o, int option, int index, struct error *err)
{
	unsigned size = 0;
	int rc = parse_path_option(o, option, err);
	if (rc > 0)
		rc = parse_switch(o, option);
	if (rc <= 0)
		return rc;
	switch (option) {
	case API_VERSION:
		return parse_number(optarg, &o->api_version, "api-version", err);
	case 'T':
		return parse_number(optarg, &o->timeout, "timeout", err);
	case EXIT_DELAY:
		return parse_number(optarg, &o->exit_delay, "exit-delay", err);
	case PRESERVE:
		return parse_number(optarg, &o->preserve_fds, "preserve-fds", err);
	case LOG_SIZE_MAX:
		/* -1: no limit. */
		if (strcmp(optarg, "-1") != 0 && parse_number(optarg, &size, "log-size-max", err) < 0)
			return -1;
		o->log.log_max_size = size;
		return 0;
	case 'u':
	case LOG_LEVEL:
	case SYNC:
	case SYSLOG:
		return 0; /* for conmon's own messages: there are none */
	case REFUSED:
		return error_set(err, "usage", "--%s is not supported", names[index].name);
	default:
		return error_set(err, "usage", "see conmon(8)");
	}
}

static int check_journal(struct conmon_options *o, struct error *err)
{
	if (o->journal.log != LOG_JOURNALD)
		return o->journal.log_tag && o->log.log != LOG_NONE
			       ? error_set(err, "usage", "--log-tag: k8s-file doesn't have one; use --log-path journald")
			       : 0;
	if (strlen(o->id) <= SHORT_ID)
		return error_set(err, "usage", "--cid: the container's id must be longer than 12 characters for journald");
	o->journal.id = o->id;
	o->journal.log_path = JOURNAL_SOCKET;
	return 0;
}

static int check(struct conmon_options *o, struct error *err)
{
	const struct {
		const char *value, *name;
	} needed[] = {{o->id, "cid"}, {o->runtime, "runtime"}, {o->bundle, "bundle"}, {o->pid_file, "container-pidfile"}};
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!needed[i].value)
			return error_set(err, "usage", "--%s is missing", needed[i].name);
	if (!o->full_attach)
		return error_set(err, "usage", "only --full-attach is supported: the attach socket is in the bundle");
	if (o->exec && !o->process_file)
		return error_set(err, "usage", "--exec needs --exec-process-spec");
	return check_journal(o, err);
}

int conmon_parse(struct conmon_options *o, int argc, char **argv, struct error *err)
{
	int option, index = 0;
	*o = (struct conmon_options){.runtime_args = json_array(), .exit_args = json_array(), .log = {.log_max_file = 1}, .journal = {.name = ""}};
	while ((option = getopt_long(argc, argv, "b:c:eil:n:P:p:r:stT:u:", names, &index)) != -1) {
		if (option == VERSION) {
			printf("conmon version " CONMON_VERSION "\ncoracle-conmon version " CORACLE_VERSION "\n");
			return 1;
		}
		if (parse_option(o, option, index, err) != 0)
			return -1;
	}
	return check(o, err);
}

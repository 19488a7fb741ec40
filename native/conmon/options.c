#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "conmon.h"

/* The version of conmon whose options these are: engines refuse one that they think too old. */
#define CONMON_VERSION "2.1.12"
/* Where engines that don't say --full-attach look for the socket. */
#define SOCKET_DIR_DEFAULT "/var/run/crio"

enum option_name {
	API_VERSION = 256, FULL_ATTACH, EXIT_DIR, EXIT_COMMAND, EXIT_ARG, EXIT_DELAY, EXEC_ATTACH, PROCESS_SPEC, LEAVE_STDIN,
	LOG_ALLOWED, LOG_LABEL, LOG_LEVEL, LOG_MAX_FILES, LOG_ROTATE, LOG_SIZE_MAX, LOG_TAG, NO_PARTIAL, NO_PIVOT, NO_KEYRING,
	NO_SYNC_LOG, NOTIFY_SOCKET, RUNTIME_ARG, RUNTIME_OPT, SOCKET_DIR, SYNC, SYSLOG, VERSION, REFUSED
};

static const struct option names[] = {
	{"api-version", optional_argument, NULL, API_VERSION}, /* `--api-version 1` is as good as without the 1 */
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
	{"help", no_argument, NULL, 'h'},
	{"leave-stdin-open", no_argument, NULL, LEAVE_STDIN},
	{"log-allowlist-dirs", required_argument, NULL, LOG_ALLOWED},
	{"log-label", required_argument, NULL, LOG_LABEL},
	{"log-level", required_argument, NULL, LOG_LEVEL},
	{"log-max-files", required_argument, NULL, LOG_MAX_FILES},
	{"log-path", required_argument, NULL, 'l'},
	{"log-rotate", no_argument, NULL, LOG_ROTATE},
	{"log-size-max", required_argument, NULL, LOG_SIZE_MAX},
	{"log-tag", required_argument, NULL, LOG_TAG},
	{"name", required_argument, NULL, 'n'},
	{"no-container-partial-message", no_argument, NULL, NO_PARTIAL},
	{"no-new-keyring", no_argument, NULL, NO_KEYRING},
	{"no-pivot", no_argument, NULL, NO_PIVOT},
	{"no-sync-log", no_argument, NULL, NO_SYNC_LOG},
	{"persist-dir", required_argument, NULL, '0'},
	{"pidfile", required_argument, NULL, 'p'},
	{"runtime", required_argument, NULL, 'r'},
	{"runtime-arg", required_argument, NULL, RUNTIME_ARG},
	{"runtime-opt", required_argument, NULL, RUNTIME_OPT},
	{"sdnotify-socket", required_argument, NULL, NOTIFY_SOCKET},
	{"socket-dir-path", required_argument, NULL, SOCKET_DIR},
	{"stdin", no_argument, NULL, 'i'},
	{"sync", no_argument, NULL, SYNC},
	{"syslog", no_argument, NULL, SYSLOG},
	{"systemd-cgroup", no_argument, NULL, 's'},
	{"terminal", no_argument, NULL, 't'},
	{"timeout", required_argument, NULL, 'T'},
	{"version", no_argument, NULL, VERSION},
	/* Checkpoints, and what Podman doesn't ask for. */
	{"log-global-size-max", required_argument, NULL, REFUSED},
	{"replace-listen-pid", no_argument, NULL, REFUSED},
	{"restore", required_argument, NULL, REFUSED},
	{"restore-arg", required_argument, NULL, REFUSED},
	{"seccomp-notify-plugins", required_argument, NULL, REFUSED},
	{"seccomp-notify-socket", required_argument, NULL, REFUSED},
	{NULL, 0, NULL, 0},
};

/* Those that are just kept: where. */
struct member {
	int option;
	size_t offset;
};
#define AT(member) offsetof(struct conmon_options, member)

static const struct member texts[] = {
	{'0', AT(persist_dir)}, {'b', AT(bundle)}, {'c', AT(id)}, {'n', AT(journal.name)}, {'P', AT(conmon_pid_file)},
	{'p', AT(pid_file)}, {'r', AT(runtime)}, {'u', AT(uuid)}, {EXIT_COMMAND, AT(exit_command)}, {EXIT_DIR, AT(exit_dir)},
	{LOG_TAG, AT(journal.log_tag)}, {NOTIFY_SOCKET, AT(notify_socket)}, {PROCESS_SPEC, AT(process_file)},
	{SOCKET_DIR, AT(socket_dir)}, {0, 0},
};
static const struct member switches[] = {
	{'e', AT(exec)}, {'i', AT(open_stdin)}, {'s', AT(systemd_cgroup)}, {'t', AT(terminal)}, {EXEC_ATTACH, AT(exec_attach)},
	{FULL_ATTACH, AT(full_attach)}, {LEAVE_STDIN, AT(leave_stdin_open)}, {LOG_ROTATE, AT(log_rotate)},
	{NO_KEYRING, AT(no_new_keyring)}, {NO_PARTIAL, AT(journal.log_no_partial)}, {NO_PIVOT, AT(no_pivot)}, {SYNC, AT(sync)},
	{0, 0},
};
static const struct member numbers[] = {
	{'T', AT(timeout)}, {EXIT_DELAY, AT(exit_delay)}, {LOG_MAX_FILES, AT(log_max_files)}, {0, 0},
};

/* NULL: it isn't among them. */
static void *find(struct conmon_options *o, const struct member *members, int option)
{
	for (; members->option; members++)
		if (members->option == option)
			return (char *)o + members->offset;
	return NULL;
}

static int parse_number(const char *text, unsigned *value, const char *name, struct error *err)
{
	char *end;
	long long number = strtoll(text, &end, 10);
	if (end == text || *end || number > INT_MAX)
		return error_set(err, "usage", "--%s: `%s` is not a number", name, text);
	if (number < 0)
		return error_set(err, "usage", "%s must be non-negative", name);
	*value = (unsigned)number;
	return 0;
}

/* Negative ones are no limit. */
static int parse_size(const char *text, unsigned long long *value, struct error *err)
{
	char *end;
	long long number = strtoll(text, &end, 10);
	if (end == text || *end)
		return error_set(err, "usage", "--log-size-max: `%s` is not a number", text);
	*value = number < 0 ? 0 : (unsigned long long)number;
	return 0;
}

/* What the runtime gets as `--preserve-fds N` must reach it. */
static int add_runtime_option(struct conmon_options *o, const char *text, struct error *err)
{
	static const char name[] = "--preserve-fds";
	size_t count = json_array_size(o->runtime_opts);
	const char *last = count > 0 ? json_string_value(json_array_get(o->runtime_opts, count - 1)) : "";
	const char *number = strcmp(last, name) == 0 ? text : NULL;
	if (strncmp(text, name, sizeof name - 1) == 0 && text[sizeof name - 1] == '=')
		number = text + sizeof name;
	if (number && parse_number(number, &o->preserve_fds, "runtime-opt --preserve-fds", err) < 0)
		return -1;
	return json_array_append_new(o->runtime_opts, json_string(text));
}

static int parse_option(struct conmon_options *o, int option, int index, struct error *err)
{
	const char **text = find(o, texts, option);
	bool *on = find(o, switches, option);
	unsigned *number = find(o, numbers, option);
	if (text)
		*text = optarg;
	else if (on)
		*on = true;
	else if (number)
		return parse_number(optarg, number, option == 'T' ? "timeout" : names[index].name, err);
	if (text || on)
		return 0;
	switch (option) {
	case 'l':
		return conmon_parse_log(o, optarg, err);
	case API_VERSION:
		o->api_version = 1;
		return optarg ? parse_number(optarg, &o->api_version, "api-version", err) : 0;
	case EXIT_ARG:
		return json_array_append_new(o->exit_args, json_string(optarg));
	case LOG_ALLOWED:
		return json_array_append_new(o->log_allowed, json_string(optarg));
	case LOG_LABEL:
		return json_array_append_new(o->journal.log_labels, json_string(optarg));
	case LOG_SIZE_MAX:
		return parse_size(optarg, &o->log.log_max_size, err);
	case RUNTIME_ARG:
		return json_array_append_new(o->runtime_args, json_string(optarg));
	case RUNTIME_OPT:
		return add_runtime_option(o, optarg, err);
	case LOG_LEVEL:
	case SYSLOG:
		return 0; /* for conmon's own messages: there are none */
	case NO_SYNC_LOG:
		return 0; /* logs are never waited for */
	case REFUSED:
		return error_set(err, "usage", "--%s is not supported", names[index].name);
	default:
		return error_set(err, "usage", "see conmon --help");
	}
}

static int check_mode(const struct conmon_options *o, struct error *err)
{
	if (!o->exec && o->exec_attach)
		return error_set(err, "usage", "Attach can only be specified with exec");
	if (o->exec_attach && o->api_version < 1)
		return error_set(err, "usage", "Attach can only be specified for a non-legacy exec session; add --api-version 1");
	if (o->exec_attach && !getenv("_OCI_ATTACHPIPE"))
		return error_set(err, "usage", "--attach specified but _OCI_ATTACHPIPE was not");
	if (o->exec && !o->process_file)
		return error_set(err, "usage", "Exec process spec path not provided. Use --exec-process-spec");
	return 0;
}

static int check(struct conmon_options *o, struct error *err)
{
	if (!o->id)
		return error_set(err, "usage", "Container ID not provided. Use --cid");
	if (!o->uuid && (!o->exec || o->api_version >= 1))
		return error_set(err, "usage", "Container UUID not provided. Use --cuuid");
	if (!o->runtime)
		return error_set(err, "usage", "Runtime path not provided. Use --runtime");
	if (access(o->runtime, X_OK) < 0)
		return error_errno(err, "usage", "Runtime path %s is not valid", o->runtime);
	return check_mode(o, err) < 0 ? -1 : conmon_check_logs(o, err);
}

static int set_defaults(struct conmon_options *o, struct error *err)
{
	char *text = NULL;
	o->unattached = o->exec && !o->bundle;
	o->bundle = conmon_absolute(o->bundle ? o->bundle : ".");
	if (!o->pid_file && asprintf(&text, "pidfile-%s", o->id) < 0)
		return error_errno(err, "internal", "allocate");
	if (!o->pid_file)
		o->pid_file = conmon_absolute(text);
	return o->bundle && o->pid_file ? 0 : error_errno(err, "internal", "find the working directory");
}

static void print_help(void)
{
	printf("Usage: conmon [OPTION]…\nRuns a container, or a process in one, and watches over it.\n\n");
	for (const struct option *o = names; o->name; o++) {
		char letter[] = "    ";
		if (o->val < 128)
			snprintf(letter, sizeof letter, "-%c, ", o->val);
		if (o->val != REFUSED)
			printf("  %s--%s%s\n", letter, o->name, o->has_arg == required_argument ? " VALUE" : "");
	}
	printf("\n--log-path: PATH, k8s-file:PATH, json-file:PATH, journald, passthrough, passthrough-tty or none\n");
}

int conmon_parse(struct conmon_options *o, int argc, char **argv, struct error *err)
{
	int option, index = 0;
	*o = (struct conmon_options){.runtime_args = json_array(), .runtime_opts = json_array(), .exit_args = json_array(),
				     .log_allowed = json_array(), .log_max_files = 1, .socket_dir = SOCKET_DIR_DEFAULT,
				     .journal = {.name = "", .log_labels = json_array()}};
	while ((option = getopt_long(argc, argv, "0:b:c:ehil:n:P:p:r:stT:u:", names, &index)) != -1) {
		if (option == VERSION)
			printf("conmon version " CONMON_VERSION "\ncommit: coracle " CORACLE_VERSION "\n");
		if (option == 'h')
			print_help();
		if (option == VERSION || option == 'h')
			return 1;
		if (parse_option(o, option, index, err) != 0)
			return -1;
	}
	return check(o, err) < 0 ? -1 : set_defaults(o, err);
}

#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptors.h"
#include "file.h"
#include "runtime.h"
#include "selfprotect.h"
#include "spec.h"

static const struct {
	const char *name;
	cli_command *run;
	bool enters; /* a process of ours gets into a container */
	const char *what;
} commands[] = {
	{"create", cli_create, true, "make a container from a bundle"},
	{"start", cli_start, false, "run the program of a created container"},
	{"run", cli_run, true, "create, start, wait and delete"},
	{"exec", cli_exec, true, "run one more process in a container"},
	{"state", cli_state, false, "print the state of a container as JSON"},
	{"kill", cli_kill, false, "send a signal to a container"},
	{"delete", cli_delete, false, "remove a container"},
	{"list", cli_list, false, "list containers"},
	{"ps", cli_ps, false, "list the processes of a container"},
	{"pause", cli_pause, false, "freeze a container"},
	{"resume", cli_resume, false, "thaw a container"},
	{"update", cli_update, false, "change the resource limits of a container"},
	{"events", cli_events, false, "print what a container uses, and that it ran out of memory"},
	{"spec", cli_spec, false, "write an example config.json"},
	{"features", cli_features, false, "print what this runtime supports as JSON"},
	{"checkpoint", cli_unsupported, false, NULL},
	{"restore", cli_unsupported, false, NULL},
};

static void print_help(void)
{
	printf("Usage: coracle-runtime [--root DIR] [--log FILE] [--log-format text|json] [--cgroup-manager "
	       "cgroupfs|systemd|disabled] [--debug] COMMAND [ARGUMENTS]\n\nCommands:\n");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (commands[i].what)
			printf("  %-10s %s\n", commands[i].name, commands[i].what);
}

int cli_usage(struct error *err, const char *usage)
{
	return error_set(err, "usage", "usage: coracle-runtime %s", usage);
}

int cli_unsupported(const struct cli *cli, int argc, char **argv, struct error *err)
{
	(void)cli;
	(void)argc;
	return error_set(err, "runtime-failed", "%s is not supported by this runtime; crun with CRIU can do it", argv[0]);
}

const char *cli_container_id(int argc, char **argv, int first, struct error *err)
{
	if (argc - first != 1) {
		error_set(err, "usage", "%s: expects one container id", argv[0]);
		return NULL;
	}
	return argv[first];
}

int cli_print_json(struct json_t *json)
{
	int rc = json ? json_dumpf(json, stdout, JSON_INDENT(2)) : -1;
	json_decref(json);
	putchar('\n');
	return rc < 0 || fflush(stdout) != 0 ? 1 : 0;
}

int cli_write_pid_file(const char *path, int pid, struct error *err)
{
	char text[16];
	int length = snprintf(text, sizeof text, "%d", pid);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write_full(fd, text, (size_t)length) < 0)
		return error_errno(err, "runtime-failed", "write the pid file %s", path);
	return 0;
}

int cli_wait(int pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 125;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What engines read after a failure: one line of text on stderr, or of JSON in the log file. */
static void report(const struct cli *cli, const struct error *err)
{
	auto_close int fd = cli->log ? open(cli->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
	char date[32];
	time_t now = time(NULL);
	struct tm utc;
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	if (fd >= 0 && cli->log_json) {
		json_t *json = json_pack("{s:s s:s s:s}", "msg", err->message, "level", "error", "time", date);
		auto_free char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
		json_decref(json);
		if (text)
			dprintf(fd, "%s\n", text);
	} else if (fd >= 0) {
		dprintf(fd, "%s: %s\n", date, err->message);
	}
	fprintf(stderr, "Error: %s\n", err->message);
}

static char *default_root(void)
{
	const char *run = getenv("CORACLE_RUN"), *user = getenv("XDG_RUNTIME_DIR");
	char *root = NULL;
	int rc;
	if (run && *run)
		rc = asprintf(&root, "%s/runtime", run);
	else if (user && *user)
		rc = asprintf(&root, "%s/coracle/runtime", user);
	else if (geteuid() == 0)
		rc = asprintf(&root, "/run/coracle/runtime");
	else
		rc = asprintf(&root, "/tmp/coracle-%u/runtime", geteuid());
	return rc < 0 ? NULL : root;
}

static int parse_globals(struct cli *cli, int argc, char **argv, struct error *err)
{
	enum { ROOT = 256, LOG, LOG_FORMAT, SYSTEMD, MANAGER, DEBUG };
	static const struct option options[] = {
		{"root", required_argument, NULL, ROOT},	  {"log", required_argument, NULL, LOG},
		{"log-format", required_argument, NULL, LOG_FORMAT}, {"systemd-cgroup", no_argument, NULL, SYSTEMD},
		{"cgroup-manager", required_argument, NULL, MANAGER}, {"debug", no_argument, NULL, DEBUG},
		{"rootless", required_argument, NULL, DEBUG},	  {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},		  {NULL, 0, NULL, 0},
	};
	int option;
	while ((option = getopt_long(argc, argv, "+vh", options, NULL)) != -1) {
		switch (option) {
		case ROOT:
			cli->root = optarg;
			break;
		case LOG:
			cli->log = optarg;
			break;
		case LOG_FORMAT:
			cli->log_json = strcmp(optarg, "json") == 0;
			break;
		case SYSTEMD:
			cli->systemd_cgroup = true;
			break;
		case MANAGER:
			cli->no_cgroup = strcmp(optarg, "disabled") == 0;
			cli->systemd_cgroup = strcmp(optarg, "systemd") == 0;
			if (!cli->no_cgroup && !cli->systemd_cgroup && strcmp(optarg, "cgroupfs") != 0)
				return error_set(err, "usage", "--cgroup-manager: unknown value `%s`", optarg);
			break;
		case DEBUG:
			break;
		case 'v':
			printf("coracle-runtime version " CORACLE_VERSION "\nspec: " SPEC_VERSION "\n");
			return 1;
		case 'h':
			print_help();
			return 1;
		default:
			return error_set(err, "usage", "see coracle-runtime --help");
		}
	}
	return 0;
}

/* `all` are the arguments with which the program can be executed anew. */
static int dispatch(const struct cli *cli, char **all, int argc, char **argv, struct error *err)
{
	if (argc == 0) {
		print_help();
		return 1;
	}
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, argv[0]) == 0) {
			if (commands[i].enters && selfprotect(all, err) < 0)
				return -1;
			optind = 0;
			return commands[i].run(cli, argc, argv, err);
		}
	return error_set(err, "usage", "unknown command `%s`; see coracle-runtime --help", argv[0]);
}

int runtime_main(int argc, char **argv)
{
	struct error err = {.exit_code = 1};
	struct cli cli = {0};
	int rc = descriptors_fill_standard() < 0 ? error_errno(&err, "internal", "open /dev/null")
						 : parse_globals(&cli, argc, argv, &err);
	if (rc > 0)
		return 0;
	int first = optind;
	auto_free char *root = cli.root ? NULL : default_root();
	if (!cli.root)
		cli.root = root;
	if (rc == 0 && !cli.root)
		rc = error_set(&err, "internal", "out of memory");
	if (rc == 0)
		rc = dispatch(&cli, argv, argc - first, argv + first, &err);
	if (rc < 0) {
		report(&cli, &err);
		return err.exit_code == 125 ? 1 : err.exit_code;
	}
	return rc;
}

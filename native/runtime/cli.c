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
	const char *what, *usage;
} commands[] = {
	{"create", cli_create, true, "make a container from a bundle",
	 "[--bundle DIR] [--config FILE] [--console-socket PATH] [--pid-file FILE] [--pidfd-socket PATH] "
	 "[--preserve-fds N] [--no-pivot] [--no-new-keyring] ID"},
	{"start", cli_start, false, "run the program of a created container", "ID"},
	{"run", cli_run, true, "create, start, wait and delete", "[--detach] [--keep] [OPTIONS of create] ID"},
	{"exec", cli_exec, true, "run one more process in a container",
	 "[--detach] [--tty] [--cwd DIR] [--env NAME=VALUE] [--user UID[:GID]] [--additional-gids GID] [--cap CAPABILITY] "
	 "[--no-new-privs] [--apparmor PROFILE] [--process FILE] [--cgroup PATH] [--ignore-paused] "
	 "[--console-socket PATH] [--pid-file FILE] [--pidfd-socket PATH] [--preserve-fds N] ID [COMMAND [ARGUMENTS]]"},
	{"state", cli_state, false, "print the state of a container as JSON", "ID"},
	{"kill", cli_kill, false, "send a signal to a container", "[--all] ID [SIGNAL]"},
	{"delete", cli_delete, false, "remove a container", "[--force] ID"},
	{"list", cli_list, false, "list containers", "[--format table|json] [--quiet]"},
	{"ps", cli_ps, false, "list the processes of a container", "[--format table|json] ID [OPTIONS of ps(1)]"},
	{"pause", cli_pause, false, "freeze a container", "ID"},
	{"resume", cli_resume, false, "thaw a container", "ID"},
	{"update", cli_update, false, "change the resource limits of a container",
	 "[--resources FILE] [--memory SIZE] [--memory-reservation SIZE] [--memory-swap SIZE] [--cpu-share N] "
	 "[--cpu-quota N] [--cpu-period N] [--cpu-burst N] [--cpu-idle N] [--cpuset-cpus LIST] [--cpuset-mems LIST] "
	 "[--pids-limit N] [--blkio-weight N] ID"},
	{"events", cli_events, false, "print what a container uses, and that it ran out of memory",
	 "[--interval DURATION] [--stats] ID"},
	{"spec", cli_spec, false, "write an example config.json", "[--bundle DIR] [--rootless]"},
	{"features", cli_features, false, "print what this runtime supports as JSON", ""},
	{"checkpoint", cli_unsupported, false, NULL, NULL},
	{"restore", cli_unsupported, false, NULL, NULL},
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

int cli_print_json(struct json_t *json, size_t flags)
{
	int rc = json ? json_dumpf(json, stdout, flags ? flags : JSON_COMPACT) : -1;
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

static pid_t forward_to;

static void forward(int signal_number)
{
	kill(forward_to, signal_number);
}

void cli_forward_signals(int pid)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH};
	struct sigaction action = {.sa_handler = forward, .sa_flags = SA_RESTART};
	forward_to = pid;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &action, NULL);
}

int cli_wait(int pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 125;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What engines read after a failure: a line of JSON in the log file, or of text. */
static void log_line(const struct cli *cli, const char *level, const char *message)
{
	char date[32];
	time_t now = time(NULL);
	struct tm utc;
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	json_t *json = cli->log_json ? json_pack("{s:s s:s s:s}", "msg", message, "level", level, "time", date)
				     : json_string(message);
	auto_free char *text = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	json_decref(json);
	int fd = cli->log >= 0 ? cli->log : STDERR_FILENO;
	if (text && cli->log_json)
		dprintf(fd, "%s\n", text);
	else if (text)
		dprintf(fd, "time=\"%s\" level=%s msg=%s\n", date, level, text);
}

static void report(const struct cli *cli, const struct error *err)
{
	if (cli->log >= 0)
		log_line(cli, "error", err->message);
	fprintf(stderr, "Error: %s\n", err->message);
}

static void debug(const struct cli *cli, const char *format, const char *name, const char *detail)
{
	char text[512];
	if (!cli->debug)
		return;
	snprintf(text, sizeof text, format, name, detail);
	log_line(cli, "debug", text);
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
	enum { ROOT = 256, LOG, LOG_FORMAT, SYSTEMD, MANAGER, DEBUG, ROOTLESS };
	static const struct option options[] = {
		{"root", required_argument, NULL, ROOT},	  {"log", required_argument, NULL, LOG},
		{"log-format", required_argument, NULL, LOG_FORMAT}, {"systemd-cgroup", no_argument, NULL, SYSTEMD},
		{"cgroup-manager", required_argument, NULL, MANAGER}, {"debug", no_argument, NULL, DEBUG},
		{"rootless", required_argument, NULL, ROOTLESS},  {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},		  {NULL, 0, NULL, 0},
	};
	int option;
	while ((option = getopt_long(argc, argv, "+vh", options, NULL)) != -1) {
		switch (option) {
		case ROOT:
			cli->root = optarg;
			break;
		case LOG:
			if (cli->log >= 0)
				close(cli->log);
			cli->log = open(optarg, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
			if (cli->log < 0)
				return error_errno(err, "usage", "open the log file %s", optarg);
			break;
		case LOG_FORMAT:
			cli->log_json = strcmp(optarg, "json") == 0;
			if (!cli->log_json && strcmp(optarg, "text") != 0)
				return error_set(err, "usage", "--log-format: `%s` is neither text nor json", optarg);
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
			cli->debug = true;
			break;
		case ROOTLESS: /* we see it ourselves */
			break;
		case 'v':
			/* Three lines, as who parses runc's expects. */
			printf("coracle-runtime version " CORACLE_VERSION "\ncommit: v" CORACLE_VERSION
			       "\nspec: " SPEC_VERSION "\n");
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

static bool is_help(const char *argument)
{
	return strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0;
}

/* `all` are the arguments with which the program can be executed anew. */
static int run_command(const struct cli *cli, size_t i, char **all, int argc, char **argv, struct error *err)
{
	if (argc > 1 && is_help(argv[1]) && commands[i].what) {
		printf("Usage: coracle-runtime %s %s\n\n%s\n", commands[i].name, commands[i].usage, commands[i].what);
		return 0;
	}
	if (commands[i].enters && selfprotect(all, err) < 0)
		return -1;
	debug(cli, "command `%s`, state in %s", commands[i].name, cli->root);
	optind = 0;
	int rc = commands[i].run(cli, argc, argv, err);
	debug(cli, "command `%s` %s", commands[i].name, rc < 0 ? "failed" : "is done");
	return rc;
}

static int dispatch(const struct cli *cli, char **all, int argc, char **argv, struct error *err)
{
	if (argc == 0 || (argc == 1 && strcmp(argv[0], "help") == 0)) {
		print_help();
		return argc == 0;
	}
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, argv[0]) == 0)
			return run_command(cli, i, all, argc, argv, err);
	return error_set(err, "usage", "unknown command `%s`; see coracle-runtime --help", argv[0]);
}

int runtime_main(int argc, char **argv)
{
	struct error err = {.exit_code = 1};
	struct cli cli = {.log = -1};
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

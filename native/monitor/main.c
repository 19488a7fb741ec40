/* coracle-monitor: command line, and the fork into relay and monitor. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "descriptors.h"
#include "event_journal.h"
#include "file.h"
#include "keeper.h"
#include "monitor.h"
#include "mounts.h"
#include "relay.h"
#include "rootfs.h"
#include "selfprotect.h"
#include "supervisor.h"
#include "terminal.h"

static const char usage[] =
	"usage: coracle-monitor run DIR [--ready-fd N] [--control-fd N] [--attach LIST] [--detach-keys KEYS] [--no-start]\n"
	"       coracle-monitor exec DIR SESSION [--ready-fd N] [--control-fd N] [--attach LIST] [--detach-keys KEYS]\n"
	"       coracle-monitor attach SOCKET [--control-fd N] [--attach LIST] [--detach-keys KEYS] [--no-stdin] [--start]\n"
	"       coracle-monitor mount DIR\n"
	"       coracle-monitor unmount DIR\n"
	"       coracle-monitor bind PATH\n"
	"       coracle-monitor tmpfs PATH\n"
	"       coracle-monitor adopt PATH PID\n"
	"       coracle-monitor detach PATH\n"
	"       coracle-monitor event SOCKET EVENT\n"
	"       coracle-monitor join -- SETUP COMMAND [ARG...]\n";

struct arguments {
	struct relay_options relay;
	bool no_start, no_stdin, start, attach_given;
	char **operands;
	int operand_count;
};

static int fail(int ready_fd, const struct error *err)
{
	event_error(ready_fd, err);
	if (ready_fd < 0)
		fprintf(stderr, "Error: %s\n", err->message);
	return err->exit_code;
}

static int parse_descriptor(const char *text, int *fd, struct error *err)
{
	char *end;
	long value = strtol(text, &end, 10);
	if (end == text || *end || value < 3 || value > INT_MAX || fcntl((int)value, F_SETFD, FD_CLOEXEC) < 0)
		return error_set(err, "internal", "%s is not an open descriptor above 2", text);
	*fd = (int)value;
	return 0;
}

static int parse_attach(const char *list, unsigned *flags, struct error *err)
{
	static const char *const names[] = {"stdin", "stdout", "stderr"};
	static const unsigned values[] = {CLIENT_STDIN, CLIENT_STDOUT, CLIENT_STDERR};
	while (*list) {
		size_t length = strcspn(list, ","), i = 0;
		while (i < 3 && (strlen(names[i]) != length || strncmp(list, names[i], length) != 0))
			i++;
		if (i == 3)
			return error_set(err, "internal", "--attach takes stdin, stdout, stderr; not %s", list);
		*flags |= values[i];
		list += length + (list[length] == ',');
	}
	return 0;
}

static int parse_option(int option, struct arguments *arguments, struct error *err)
{
	switch (option) {
	case 'r':
		return parse_descriptor(optarg, &arguments->relay.ready_fd, err);
	case 'c':
		return parse_descriptor(optarg, &arguments->relay.control_fd, err);
	case 'a':
		arguments->attach_given = true;
		return parse_attach(optarg, &arguments->relay.attach, err);
	case 'k':
		return detach_keys_parse(&arguments->relay.keys, optarg, err);
	case 'n':
		arguments->no_start = true;
		return 0;
	case 'i':
		arguments->no_stdin = true;
		return 0;
	case 's':
		arguments->start = true;
		return 0;
	default:
		return error_set(err, "internal", "see `coracle-monitor --help`");
	}
}

static int parse_arguments(int argc, char **argv, struct arguments *arguments, struct error *err)
{
	static const struct option options[] = {
		{"ready-fd", required_argument, NULL, 'r'}, {"control-fd", required_argument, NULL, 'c'},
		{"attach", required_argument, NULL, 'a'},   {"detach-keys", required_argument, NULL, 'k'},
		{"no-start", no_argument, NULL, 'n'},	    {"no-stdin", no_argument, NULL, 'i'},
		{"start", no_argument, NULL, 's'},	    {NULL, 0, NULL, 0}};
	*arguments = (struct arguments){.relay = {.ready_fd = -1, .control_fd = -1}};
	if (detach_keys_parse(&arguments->relay.keys, "ctrl-p,ctrl-q", err) < 0)
		return -1;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (parse_option(option, arguments, err) < 0)
			return -1;
	}
	arguments->operands = argv + optind;
	arguments->operand_count = argc - optind;
	return 0;
}

static int open_directory(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_errno(err, "bad-config", "open %s", path) : fd;
}

struct connection {
	int relay, monitor;
};

static int connect_pair(struct connection *connection)
{
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	connection->relay = fds[0];
	connection->monitor = fds[1];
	return 0;
}

static int become_monitor(struct launch *launch)
{
	/* The container has them in its own environment; a runtime we call would take them for its own. */
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	/* Ours to answer; a runtime would do so, too. */
	unsetenv("NOTIFY_SOCKET");
	/* Memory that grew at the top is given back at once. */
	mallopt(M_TRIM_THRESHOLD, 32 * 1024);
	return supervise(launch);
}

static int relay_for(const struct arguments *arguments, struct launch *launch, const struct connection *data,
		     const struct connection *control)
{
	struct relay_options options = arguments->relay;
	options.terminal = launch->config->terminal;
	options.attached = arguments->attach_given;
	options.attach = launch->attach;
	close(data->monitor);
	close(control->monitor);
	for (unsigned i = 0; i < launch->config->preserve_fds; i++)
		close(3 + (int)i);
	return relay_run(&options, data->relay, control->relay);
}

/*
 * Descriptors below the ready one are the container's, or nobody's: ours keep out of the way of those. To be called before
 * any is opened.
 */
static int fill_gaps(int ready_fd, struct error *err)
{
	for (int fd = 3; fd < ready_fd; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY | O_CLOEXEC) != fd)
			return error_errno(err, "internal", "keep descriptor %d free", fd);
	}
	return 0;
}

static int check_preserved(const struct config *config, struct error *err)
{
	for (int fd = 3; fd < 3 + (int)config->preserve_fds; fd++) {
		int flags = fcntl(fd, F_GETFD);
		if (flags < 0)
			return error_set(err, "internal", "descriptor %d is not open", fd);
		if (!config_preserves(config, fd))
			fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
	}
	return 0;
}

/*
 * A service manager only waits for its own children, and takes a process for none while the relay is its parent. So there
 * is one between them that ends at once.
 */
static pid_t fork_monitor(void)
{
	pid_t pid = fork();
	if (pid < 0 || !getenv("NOTIFY_SOCKET"))
		return pid;
	if (pid == 0) {
		pid_t monitor = fork();
		if (monitor != 0)
			_exit(monitor < 0);
		return 0;
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return pid;
}

static int launch_monitor(const struct arguments *arguments, struct launch *launch, struct error *err)
{
	struct connection data = {-1, -1}, control = {-1, -1};
	if (check_preserved(launch->config, err) < 0)
		return -1;
	launch->ready_fd = arguments->relay.ready_fd;
	launch->no_start = arguments->no_start;
	launch->relay_cleans_up = arguments->relay.control_fd >= 0 && arguments->attach_given;
	/* With passthrough the container has our stdio itself. */
	launch->attach = launch->config->log == LOG_PASSTHROUGH && !launch->config->terminal ? 0 : arguments->relay.attach;
	terminal_size(&launch->size);
	if (connect_pair(&control) < 0 || (arguments->attach_given && connect_pair(&data) < 0))
		return error_errno(err, "internal", "connect relay and monitor");
	launch->data = data.monitor;
	launch->control = control.monitor;
	fflush(NULL);
	pid_t pid = fork_monitor();
	if (pid < 0)
		return error_errno(err, "internal", "fork");
	return pid == 0 ? become_monitor(launch) : relay_for(arguments, launch, &data, &control);
}

static int run(const struct arguments *arguments, struct error *err)
{
	struct config config = {0};
	auto_close int directory = open_directory(arguments->operands[0], err);
	auto_free char *path = realpath(arguments->operands[0], NULL);
	if (directory < 0)
		return -1;
	if (!path)
		return error_errno(err, "bad-config", "open %s", arguments->operands[0]);
	struct launch launch = {.config = &config, .path = path, .directory = directory};
	int rc = config_load_container(directory, &config, err);
	if (rc == 0)
		rc = launch_monitor(arguments, &launch, err);
	config_free(&config);
	return rc;
}

static int exec(const struct arguments *arguments, struct error *err)
{
	struct config config = {0};
	auto_close int session = open_directory(arguments->operands[1], err);
	auto_free char *path = realpath(arguments->operands[0], NULL);
	if (session < 0)
		return -1;
	if (!path)
		return error_errno(err, "bad-config", "open %s", arguments->operands[0]);
	struct launch launch = {.config = &config, .path = path, .directory = session};
	int rc = config_load_exec(session, &config, err);
	if (rc == 0)
		rc = launch_monitor(arguments, &launch, err);
	config_free(&config);
	return rc;
}

static int attach(struct arguments *arguments)
{
	struct relay_options *options = &arguments->relay;
	if (!arguments->attach_given)
		options->attach = CLIENT_STDIN | CLIENT_STDOUT | CLIENT_STDERR;
	if (arguments->no_stdin)
		options->attach &= ~CLIENT_STDIN;
	options->attached = true;
	return relay_attach(options, arguments->operands[0], arguments->start);
}

typedef int (*rootfs_action)(const struct rootfs_config *rootfs, struct error *err);

static int mount_command(const char *path, rootfs_action action, struct error *err)
{
	struct config config = {0};
	auto_close int directory = open_directory(path, err);
	if (directory < 0)
		return -1;
	int rc = config_load_container(directory, &config, err);
	if (rc == 0)
		rc = action(&config.rootfs, err);
	config_free(&config);
	return rc;
}

/* Returns 1 for another verb. */
static int path_command(const char *verb, const struct arguments *arguments, struct error *err)
{
	char **operands = arguments->operands;
	if (strcmp(verb, "event") == 0 && arguments->operand_count == 2)
		return event_journal_once(operands[0], operands[1]), 0;
	if (strcmp(verb, "adopt") == 0 && arguments->operand_count == 2)
		return mount_adopt(operands[0], (pid_t)atoi(operands[1]), operands[0], err);
	if (arguments->operand_count != 1)
		return 1;
	if (strcmp(verb, "bind") == 0)
		return mount_bind(operands[0], err);
	if (strcmp(verb, "tmpfs") == 0)
		return mount_tmpfs(operands[0], err);
	return strcmp(verb, "detach") == 0 ? mount_detach(operands[0], err) : 1;
}

static int mount_here(const struct rootfs_config *rootfs, struct error *err)
{
	return rootfs_mount(rootfs, NULL, err);
}

int monitor_main(int argc, char **argv)
{
	struct arguments arguments;
	struct error err;
	const char *verb = argc > 1 ? argv[1] : "";
	if (strcmp(verb, "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (descriptors_fill_standard() < 0) {
		error_errno(&err, "internal", "open /dev/null");
		return fail(-1, &err);
	}
	/*
	 * Our children enter containers, whose processes shall not reach our executable through them. Before the arguments
	 * are taken apart: it executes us anew with them.
	 */
	bool enters = strcmp(verb, "run") == 0 || strcmp(verb, "exec") == 0;
	if (enters && selfprotect(argv, &err) < 0)
		return fail(-1, &err);
	if (argc < 2)
		error_set(&err, "internal", "see `coracle-monitor --help`");
	if (argc < 2 || parse_arguments(argc - 1, argv + 1, &arguments, &err) < 0)
		return fail(-1, &err);
	int rc, count = arguments.operand_count;
	if (enters && fill_gaps(arguments.relay.ready_fd, &err) < 0)
		return fail(arguments.relay.ready_fd, &err);
	if (strcmp(verb, "run") == 0 && count == 1)
		rc = run(&arguments, &err);
	else if (strcmp(verb, "exec") == 0 && count == 2)
		rc = exec(&arguments, &err);
	else if (strcmp(verb, "attach") == 0 && count == 1)
		rc = attach(&arguments);
	else if (strcmp(verb, "join") == 0 && count >= 2)
		rc = keeper_join(arguments.operands, &err);
	else if (strcmp(verb, "mount") == 0 && count == 1)
		rc = mount_command(arguments.operands[0], mount_here, &err);
	else if (strcmp(verb, "unmount") == 0 && count == 1)
		rc = mount_command(arguments.operands[0], rootfs_unmount, &err);
	else if ((rc = path_command(verb, &arguments, &err)) > 0)
		rc = error_set(&err, "internal", "see `coracle-monitor --help`");
	return rc < 0 ? fail(arguments.relay.ready_fd, &err) : rc;
}

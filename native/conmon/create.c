#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/socket_path.h"
#include "conmon.h"
#include "monitor/child.h"

#define EXTRA_ARGS 20

struct console {
	int listener;
	char name[32], path[PATH_MAX];
};

static int console_listen(struct conmon *c, struct console *console, struct error *err)
{
	console->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(console->name, sizeof console->name, "console-%d", (int)getpid());
	unlinkat(c->bundle, console->name, 0);
	if (console->listener < 0 || socket_bind_at(console->listener, c->bundle, console->name) < 0 ||
	    listen(console->listener, 1) < 0)
		return error_errno(err, "internal", "make the console socket");
	socket_path(console->path, sizeof console->path, c->options.bundle, c->bundle, console->name);
	return 0;
}

static const char **command(const struct conmon *c, const char *console)
{
	const struct conmon_options *o = &c->options;
	const char **argv = config_argv(o->runtime, o->runtime_args, EXTRA_ARGS + json_array_size(o->runtime_opts));
	size_t n = 1 + json_array_size(o->runtime_args), i;
	json_t *option;
	if (!argv)
		return NULL;
	if (o->systemd_cgroup && !o->exec)
		argv[n++] = "--systemd-cgroup";
	argv[n++] = o->exec ? "exec" : "create";
	argv[n++] = "--pid-file";
	argv[n++] = o->pid_file;
	if (o->exec) {
		argv[n++] = "--process";
		argv[n++] = o->process_file;
		argv[n++] = "--detach";
	} else {
		argv[n++] = "--bundle";
		argv[n++] = o->bundle;
		if (o->no_pivot)
			argv[n++] = "--no-pivot";
		if (o->no_new_keyring)
			argv[n++] = "--no-new-keyring";
	}
	json_array_foreach(o->runtime_opts, i, option)
		argv[n++] = json_string_value(option);
	if (console) {
		argv[n++] = "--console-socket";
		argv[n++] = console;
	}
	argv[n++] = o->id;
	return argv;
}

static int read_pid(struct conmon *c, struct error *err)
{
	auto_free char *text = read_file_at(AT_FDCWD, c->options.pid_file, 64, NULL);
	c->init = text ? atoi(text) : 0;
	return c->init > 0 ? 0 : error_set(err, "runtime-failed", "%s wrote no pid file", c->options.runtime);
}

/* exit_code: as the runtime has it, so that the engine can tell a command that is not there. */
static int runtime_failed(struct conmon *c, int status, struct error *err)
{
	char said[ERROR_MESSAGE_MAX / 2] = "";
	if (c->err.fd >= 0)
		child_read_text(c->err.fd, said, sizeof said);
	error_set(err, "runtime-failed", "%s", said[0] ? said : "the runtime failed without a message");
	err->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	return -1;
}

static int take_terminal(struct conmon *c, struct console *console, struct error *err)
{
	auto_close int connection = accept4(console->listener, NULL, NULL, SOCK_CLOEXEC);
	int pty = connection >= 0 ? receive_fd(connection) : -1;
	unlinkat(c->bundle, console->name, 0);
	return pty < 0 ? error_errno(err, "runtime-failed", "%s sent no terminal", c->options.runtime) : pty;
}

int conmon_create(struct conmon *c, struct error *err)
{
	struct console console = {.listener = -1};
	int status = 0, pty = -1;
	if (c->options.terminal && console_listen(c, &console, err) < 0)
		return -1;
	auto_free const char **argv = command(c, c->options.terminal ? console.path : NULL);
	auto_close int listener = console.listener;
	conmon_shield(false);
	pid_t pid = argv ? child_exec(argv, c->child, c->options.preserve_fds) : -1;
	conmon_shield(true);
	if (pid < 0)
		return error_errno(err, "internal", "call %s", c->options.runtime);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, "internal", "wait for %s", c->options.runtime);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return runtime_failed(c, status, err);
	if (read_pid(c, err) < 0)
		return -1;
	if (c->options.terminal && (pty = take_terminal(c, &console, err)) < 0)
		return -1;
	return conmon_stdio_begin(c, pty, err);
}

#include "external_runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "file.h"
#include "socket_path.h"
#include "supervisor.h"

#define EXTRA_ARGS 16

static const char **command(struct monitor *m, size_t *count)
{
	const struct config *config = m->config;
	const char **argv = config_argv(config->runtime_path, config->runtime_args, EXTRA_ARGS);
	if (!argv)
		return NULL;
	*count = 1 + json_array_size(config->runtime_args);
	argv[(*count)++] = "--root";
	argv[(*count)++] = config->runtime_root;
	return argv;
}

/* runc logs `time="…" level=error msg="…"`: the last message is the failure, the rest is noise. Edits in place. */
static const char *last_message(char *said)
{
	static const char key[] = " msg=\"";
	char *start = NULL;
	for (char *at = strstr(said, key); at; at = strstr(start, key))
		start = at + sizeof key - 1;
	if (!start)
		return said;
	char *to = start;
	for (const char *from = start; *from && *from != '"'; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return start;
}

/* The words by which crun, runc and youki tell a command that isn't there or can't be executed; Podman uses them too. */
static int runtime_error(struct error *err, const char *runtime, char *output)
{
	const char *said = last_message(output);
	const char *code = "runtime-failed";
	int exit_code = 125;
	if (strcasestr(said, "executable file not found") || strcasestr(said, "executable file `") ||
	    (strcasestr(said, "exec") && strcasestr(said, "no such file or directory"))) {
		code = "command-not-found";
		exit_code = 127;
	} else if (strcasestr(said, "exec") &&
		   (strcasestr(said, "permission denied") || strcasestr(said, "operation not permitted"))) {
		code = "not-executable";
		exit_code = 126;
	}
	error_set(err, code, "%s: %s", runtime, said[0] ? said : "failed without a message");
	err->exit_code = exit_code;
	return -1;
}

int external_call(struct monitor *m, const char *const *verbs, struct error *err)
{
	int message[2];
	size_t n;
	auto_free const char **argv = command(m, &n);
	if (!argv || pipe2(message, O_CLOEXEC) < 0)
		return error_errno(err, "internal", "call %s", m->config->runtime_path);
	while (*verbs)
		argv[n++] = *verbs++;
	argv[n++] = m->config->id;
	pid_t pid = child_exec(argv, (int[]){-1, -1, message[1]}, 0);
	close(message[1]);
	auto_close int said_fd = message[0];
	char said[ERROR_MESSAGE_MAX / 2];
	child_read_text(said_fd, said, sizeof said);
	return pid >= 0 && child_wait(pid) == 0 ? 0 : runtime_error(err, m->config->runtime_path, said);
}

struct console {
	int listener;
	char path[PATH_MAX];
};

static int console_listen(struct monitor *m, struct console *console, struct error *err)
{
	console->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlinkat(m->run_dir, "console", 0);
	if (console->listener < 0 || socket_bind_at(console->listener, m->run_dir, "console") < 0 ||
	    listen(console->listener, 1) < 0)
		return error_errno(err, "internal", "make the console socket");
	socket_path(console->path, sizeof console->path, m->config->run_dir, m->run_dir, "console");
	return 0;
}

/* The runtime has ended and connected before; the message waits in the socket. */
static int console_pass_on(struct monitor *m, struct console *console, struct error *err)
{
	fcntl(console->listener, F_SETFL, O_NONBLOCK);
	auto_close int connection = accept4(console->listener, NULL, NULL, SOCK_CLOEXEC);
	auto_close int pty = connection >= 0 ? receive_fd(connection) : -1;
	if (pty < 0 || send_fd(m->io.console[1], pty) < 0)
		return error_errno(err, "runtime-failed", "%s sent no terminal", m->config->runtime_path);
	return 0;
}

static int read_pid(struct monitor *m, pid_t *pid, struct error *err)
{
	auto_free char *text = read_file_at(m->run_dir, "pid", 64, NULL);
	*pid = text ? atoi(text) : 0;
	unlinkat(m->run_dir, "pid", 0);
	return *pid > 0 ? 0 : error_set(err, "runtime-failed", "%s wrote no pid file", m->config->runtime_path);
}

/* argv holds the verb and its options; pid file, console and id are added, and it is run with the container's stdio. */
static int make_process(struct monitor *m, const char **argv, size_t n, struct operation_result *result)
{
	auto_free char *pid_file = NULL;
	struct console console = {.listener = -1};
	struct error *err = &result->error;
	int message[2] = {-1, -1}, stdio[3];
	memcpy(stdio, m->io.child, sizeof stdio);
	if (asprintf(&pid_file, "%s/pid", m->config->run_dir) < 0)
		return error_errno(err, "internal", "allocate");
	argv[n++] = "--pid-file";
	argv[n++] = pid_file;
	if (m->config->terminal) {
		if (console_listen(m, &console, err) < 0 || pipe2(message, O_CLOEXEC) < 0)
			return -1;
		argv[n++] = "--console-socket";
		argv[n++] = console.path;
		stdio[2] = message[1];
	}
	argv[n++] = m->config->id;
	pid_t pid = child_exec(argv, stdio, m->config->preserve_fds);
	if (message[1] >= 0)
		close(message[1]);
	/* What it says on stderr goes where the container's would: with a pipe of ours, back to us. */
	int said_fd = m->config->terminal ? message[0] : m->io.err.fd;
	if (pid < 0 || child_wait(pid) < 0) {
		char said[ERROR_MESSAGE_MAX / 2] = "";
		if (said_fd >= 0) {
			fcntl(said_fd, F_SETFL, O_NONBLOCK);
			child_read_text(said_fd, said, sizeof said);
		}
		return runtime_error(err, m->config->runtime_path, said);
	}
	if (read_pid(m, &result->pid, err) < 0)
		return -1;
	if (!m->config->terminal)
		return 0;
	int rc = console_pass_on(m, &console, err);
	unlinkat(m->run_dir, "console", 0);
	return rc;
}

int external_create(struct monitor *m, struct operation_result *result)
{
	size_t n;
	auto_free const char **argv = command(m, &n);
	if (!argv)
		return error_errno(&result->error, "internal", "allocate");
	char preserve[16];
	argv[n++] = "create";
	argv[n++] = "--bundle";
	argv[n++] = m->launch->path;
	if (m->config->no_new_keyring)
		argv[n++] = "--no-new-keyring";
	if (m->config->no_pivot)
		argv[n++] = "--no-pivot";
	if (m->config->preserve_fds > 0) {
		snprintf(preserve, sizeof preserve, "%u", m->config->preserve_fds);
		argv[n++] = "--preserve-fds";
		argv[n++] = preserve;
	}
	return make_process(m, argv, n, result);
}

int external_exec(struct monitor *m, const char *process, struct operation_result *result)
{
	size_t n;
	auto_free char *file = NULL;
	auto_free const char **argv = command(m, &n);
	char preserve[16];
	if (!argv || asprintf(&file, "%s/process.json", m->config->run_dir) < 0 ||
	    write_file_atomic_at(m->run_dir, "process.json", process, strlen(process), 0600, 0) < 0)
		return error_errno(&result->error, "internal", "write the exec session's process.json");
	argv[n++] = "exec";
	argv[n++] = "--detach";
	argv[n++] = "--process";
	argv[n++] = file;
	if (m->config->preserve_fds > 0) {
		snprintf(preserve, sizeof preserve, "%u", m->config->preserve_fds);
		argv[n++] = "--preserve-fds";
		argv[n++] = preserve;
	}
	int rc = make_process(m, argv, n, result);
	unlinkat(m->run_dir, "process.json", 0);
	return rc;
}

int external_check(struct monitor *m, const char *process, int output, pid_t *pid, struct error *err)
{
	size_t n;
	auto_free char *file = NULL;
	auto_free const char **argv = command(m, &n);
	if (!argv || asprintf(&file, "%s/health.json", m->config->run_dir) < 0 ||
	    write_file_atomic_at(m->run_dir, "health.json", process, strlen(process), 0600, 0) < 0)
		return error_errno(err, "internal", "write the health check's process");
	argv[n++] = "exec";
	argv[n++] = "--process";
	argv[n++] = file;
	argv[n++] = m->config->id;
	*pid = child_exec(argv, (int[]){-1, output, output}, 0);
	return *pid < 0 ? error_errno(err, "internal", "fork") : 0;
}

#include "hooks.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "json.h"

#define OUTPUT_MAX 400

bool hooks_any(json_t *hooks, const char *phase)
{
	return json_array_size(json_object_get(hooks, phase)) > 0;
}

/* A memory file and not a pipe: a hook that reads nothing must not block us. */
static int state_file(int state_dir, const struct state *state, const char *status, struct error *err)
{
	json_t *json = state_to_json(state_dir, state, status);
	auto_free char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	auto_close int fd = memfd_create("state", MFD_CLOEXEC);
	if (!text || fd < 0 || write_full(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return error_errno(err, "runtime-failed", "write the state for a hook");
	return steal_fd(&fd);
}

/* The end of what a hook has printed, as part of a message of one line. */
static void append_output(int output, struct error *err)
{
	char text[OUTPUT_MAX + 1];
	size_t length = strlen(err->message);
	off_t size = lseek(output, 0, SEEK_END), from = size > OUTPUT_MAX ? size - OUTPUT_MAX : 0;
	ssize_t n = pread(output, text, OUTPUT_MAX, from);
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	if (n <= 0)
		return;
	text[n] = '\0';
	for (char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = ' ';
	snprintf(err->message + length, sizeof err->message - length, ": %s", text);
}

static int wait_hook(pid_t pid, int64_t timeout, const char *path, struct error *err)
{
	int status = 0;
	auto_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	int rc = 1;
	if (timeout > 0 && pidfd >= 0)
		do
			rc = poll(&ended, 1, (int)(timeout * 1000));
		while (rc < 0 && errno == EINTR);
	if (rc == 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, "runtime-failed", "wait for hook %s", path);
	if (rc == 0)
		return error_set(err, "runtime-failed", "hook %s: did not end within %lld s", path, (long long)timeout);
	if (WIFSIGNALED(status))
		return error_set(err, "runtime-failed", "hook %s: killed by signal %d", path, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return error_set(err, "runtime-failed", "hook %s: exit code %d", path, WEXITSTATUS(status));
	return 0;
}

static _Noreturn void hook_main(const char *path, char **args, char **env, int input, int output,
				const struct hook_place *place)
{
	struct error err;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (cloexec_from(3) < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(127);
	if (place && place->enter(place->data, &err) < 0)
		dprintf(2, "%s", err.message);
	else
		execve(path, args, env);
	_exit(127);
}

struct hook {
	const char *path;
	char **args, **env;
	int64_t timeout; /* seconds, 0: for ever */
};

static void hook_free(struct hook *hook)
{
	free(hook->args);
	free(hook->env);
}

static int read_hook(json_t *json, const char *phase, struct hook *hook, struct error *err)
{
	if (json_read_string(json, phase, "path", &hook->path, err) < 0 ||
	    json_read_strings(json, phase, "args", &hook->args, err) < 0 ||
	    json_read_strings(json, phase, "env", &hook->env, err) < 0 ||
	    json_read_int(json, phase, "timeout", 1, 1 << 20, &hook->timeout, NULL, err) < 0)
		return error_prefix(err, "hooks");
	if (!hook->path || hook->path[0] != '/')
		return error_set(err, "bad-config", "hooks.%s: path must be absolute", phase);
	return 0;
}

int hooks_check(json_t *hooks, struct error *err)
{
	static const char *const phases[] = {"prestart",       "createRuntime", "createContainer",
					     "startContainer", "poststart",     "poststop"};
	for (size_t phase = 0; phase < sizeof phases / sizeof *phases; phase++) {
		json_t *array = NULL, *json;
		size_t i;
		if (json_read_array(hooks, "hooks", phases[phase], &array, err) < 0)
			return -1;
		json_array_foreach(array, i, json)
		{
			struct hook hook __attribute__((cleanup(hook_free))) = {0};
			if (read_hook(json, phases[phase], &hook, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* Programs of the host start in the bundle, with the caller's environment unless they are given one. */
static int run_hook(json_t *json, const char *phase, int input, const char *bundle, const struct hook_place *place,
		    struct error *err)
{
	struct hook hook __attribute__((cleanup(hook_free))) = {0};
	if (read_hook(json, phase, &hook, err) < 0)
		return -1;
	const char *path = hook.path;
	char *only_path[] = {(char *)path, NULL};
	/* What it says belongs to its error, and not into the container's output. */
	auto_close int output = memfd_create("hook", MFD_CLOEXEC);
	pid_t pid = output < 0 ? -1 : fork();
	if (pid < 0)
		return error_errno(err, "runtime-failed", "run hook %s", path);
	char **env = place && !hook.env[0] ? place->env : !place && !json_object_get(json, "env") ? environ : hook.env;
	if (pid == 0) {
		/* Root of a container need not get there, and when it is deleted there need be none. */
		if (!place)
			(void)!chdir(bundle);
		hook_main(path, hook.args[0] ? hook.args : only_path, env, input, output, place);
	}
	if (wait_hook(pid, hook.timeout, path, err) == 0)
		return 0;
	append_output(output, err);
	return -1;
}

static int run_with_state(json_t *hook, const char *phase, int state_dir, const struct state *state,
			  const char *status, const struct hook_place *place, struct error *err)
{
	auto_close int input = state_file(state_dir, state, status, err);
	if (input < 0 || run_hook(hook, phase, input, state->bundle, place, err) < 0)
		return error_prefix(err, "%s", phase);
	return 0;
}

int hooks_run_inside(json_t *hooks, const char *phase, int state_dir, const struct state *state, const char *status,
		     const struct hook_place *place, struct error *err)
{
	json_t *array = NULL, *hook;
	size_t i;
	if (json_read_array(hooks, "hooks", phase, &array, err) < 0)
		return -1;
	json_array_foreach(array, i, hook)
		if (run_with_state(hook, phase, state_dir, state, status, place, err) < 0)
			return -1;
	return 0;
}

int hooks_run(json_t *hooks, const char *phase, int state_dir, const struct state *state, const char *status,
	      struct error *err)
{
	return hooks_run_inside(hooks, phase, state_dir, state, status, NULL, err);
}

void hooks_run_after(json_t *hooks, const char *phase, int state_dir, const struct state *state, const char *status)
{
	struct error err;
	json_t *hook;
	size_t i;
	json_array_foreach(json_object_get(hooks, phase), i, hook)
		if (run_with_state(hook, phase, state_dir, state, status, NULL, &err) < 0)
			dprintf(2, "Warning: %s\n", err.message);
}

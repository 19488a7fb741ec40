/* What is done to a container that exists: pause, resume, delete. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "hooks.h"
#include "runtime.h"
#include "state.h"

#define KILL_TIMEOUT_MS 10000

static int open_container(const char *root, const char *id, struct state *state, struct error *err)
{
	memset(state, 0, sizeof *state);
	int directory = state_open_directory(root, id, err);
	if (directory >= 0 && state_load(directory, state, err) < 0) {
		close(directory);
		return -1;
	}
	return directory;
}

static int freeze(const char *root, const char *id, bool pause, struct error *err)
{
	struct state state;
	auto_close int directory = open_container(root, id, &state, err);
	int rc = directory < 0 ? -1 : 0;
	if (rc == 0 && state_status(directory, &state) == STATUS_STOPPED)
		rc = error_set(err, "container-not-running", "container `%s` is not running", id);
	if (rc == 0 && !state.cgroup)
		rc = error_set(err, "runtime-failed",
			       "container `%s` has no cgroup, and without one it can't be paused or resumed", id);
	if (rc == 0)
		rc = cgroup_freeze(state.cgroup, pause, err);
	state_free(&state);
	return rc;
}

int runtime_pause(const char *root, const char *id, struct error *err)
{
	return freeze(root, id, true, err);
}

int runtime_resume(const char *root, const char *id, struct error *err)
{
	return freeze(root, id, false, err);
}

bool runtime_oom_killed(const char *root, const char *id)
{
	struct state state;
	struct error ignored;
	auto_close int directory = open_container(root, id, &state, &ignored);
	bool killed = directory >= 0 && state.cgroup && cgroup_oom_kills(state.cgroup) > 0;
	state_free(&state);
	return killed;
}

/* With a pid namespace of its own all others go with init; what shares ours is only in reach through the cgroup. */
static int kill_init(const struct state *state, struct error *err)
{
	auto_close int fd = process_open(&state->init);
	if (fd < 0)
		return 0;
	if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return error_errno(err, "runtime-failed", "kill container `%s`", state->id);
	struct pollfd ended = {.fd = fd, .events = POLLIN};
	int rc;
	do
		rc = poll(&ended, 1, KILL_TIMEOUT_MS);
	while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return error_set(err, "runtime-failed", "container `%s` did not end after SIGKILL", state->id);
	return 0;
}

static int destroy(int directory, const struct state *state, struct error *err)
{
	struct error ignored;
	if (state->cgroup && process_alive(&state->init))
		cgroup_signal(state->cgroup, SIGKILL, &ignored);
	if (kill_init(state, err) < 0 || state_remove_cgroup(state, err) < 0)
		return -1;
	hooks_run_after(state->hooks, "poststop", directory, state, "stopped");
	return 0;
}

int runtime_delete(const char *root, const char *id, struct error *err)
{
	struct state state = {0};
	auto_close int directory = state_open_directory(root, id, err);
	if (directory < 0)
		return err->errnum == ENOENT ? 0 : -1;
	/* Without a readable state there is a container that was never made completely. */
	int rc = state_load(directory, &state, err) == 0 ? destroy(directory, &state, err) : 0;
	state_free(&state);
	return rc < 0 ? -1 : state_remove_directory(root, id, err);
}

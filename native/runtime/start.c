/* runtime_start: opens the gate and waits for the exec. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "hooks.h"
#include "runtime.h"
#include "state.h"
#include "sync.h"

/* A container whose hooks fail here must not go on. */
static int run_poststart_hooks(int directory, struct error *err)
{
	struct state state;
	int rc = state_load(directory, &state, err);
	if (rc == 0 && hooks_run(state.hooks, "poststart", directory, &state, "running", err) < 0) {
		auto_close int init = process_open(&state.init);
		if (init >= 0)
			(void)syscall(SYS_pidfd_send_signal, init, SIGKILL, NULL, 0);
		snprintf(err->code, sizeof err->code, "hook-failed");
		rc = -1;
	}
	state_free(&state);
	return rc;
}

int runtime_start(int start_socket, struct error *err)
{
	struct sync_message message;
	if (sync_send(start_socket, SYNC_GO) < 0)
		return error_errno(err, "runtime-failed", "start the container: its first process is gone");
	auto_close int directory = receive_fd(start_socket);
	if (directory < 0)
		return error_set(err, "runtime-failed", "start the container: its first process ended unexpectedly");
	unlinkat(directory, STATE_GATE, 0);
	int rc = sync_receive(start_socket, &message);
	if (rc > 0 && message.type == SYNC_ERROR) {
		*err = message.error;
		return -1;
	}
	if (rc != 0)
		return error_set(err, "runtime-failed", "start the container: unexpected answer");
	return run_poststart_hooks(directory, err);
}

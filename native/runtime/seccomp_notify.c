#include "seccomp_notify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "spec.h"

int seccomp_notify_connect(const struct seccomp_program *program, int *fd, struct error *err)
{
	*fd = -1;
	if (!program->listener_path)
		return 0;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(program->listener_path) >= sizeof address.sun_path)
		return error_set(err, "bad-config", "linux.seccomp.listenerPath: is too long");
	strcpy(address.sun_path, program->listener_path);
	auto_close int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (socket_fd < 0 || connect(socket_fd, (struct sockaddr *)&address, sizeof address) < 0)
		return error_errno(err, "runtime-failed", "connect to the seccomp agent at %s", program->listener_path);
	*fd = steal_fd(&socket_fd);
	return 0;
}

char *seccomp_notify_describe(const struct seccomp_program *program, const struct state *state, int pid,
			      const char *status, struct error *err)
{
	json_t *json = json_pack("{s:s s:[s] s:i s:s* s:o}", "ociVersion", SPEC_VERSION, "fds", "seccompFd", "pid", pid,
				 "metadata", program->listener_metadata, "state", state_to_json(-1, state, status));
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!text)
		error_set(err, "runtime-failed", "describe the container for the seccomp agent");
	return text;
}

int seccomp_notify_send(int socket_fd, int listener, const char *state, struct error *err)
{
	if (send_fd_with(socket_fd, listener, state, strlen(state)) < 0)
		return error_errno(err, "runtime-failed", "send the seccomp listener to its agent");
	close(listener);
	close(socket_fd);
	return 0;
}

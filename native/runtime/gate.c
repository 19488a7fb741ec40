#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "socket_path.h"
#include "state.h"
#include "sync.h"

int gate_listen(int state_dir, struct error *err)
{
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || socket_bind_at(fd, state_dir, STATE_CREATING) < 0 || listen(fd, 1) < 0)
		return error_errno(err, "runtime-failed", "make the start gate");
	return steal_fd(&fd);
}

int gate_mark(int state_dir, struct error *err)
{
	auto_close int fd = openat(state_dir, STATE_CREATING, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? error_errno(err, "runtime-failed", "mark the container as being created") : 0;
}

int gate_ready(int state_dir, struct error *err)
{
	return renameat(state_dir, STATE_CREATING, state_dir, STATE_GATE) == 0
		       ? 0
		       : error_errno(err, "runtime-failed", "mark the container as created");
}

int gate_connect(int state_dir, struct error *err)
{
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || socket_connect_at(fd, state_dir, STATE_GATE) < 0)
		return error_errno(err, "runtime-failed", "start the container: it is not waiting for a start");
	return steal_fd(&fd);
}

static int accept_starter(int gate)
{
	int fd;
	do
		fd = accept4(gate, NULL, NULL, SOCK_CLOEXEC);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	return fd;
}

int gate_wait(int gate, int listening, int state_dir, struct error *err)
{
	struct sync_message message;
	int connection = listening ? accept_starter(gate) : gate;
	if (connection < 0)
		return error_errno(err, "runtime-failed", "wait for the start");
	if (sync_receive(connection, &message) <= 0 || message.type != SYNC_GO)
		return error_set(err, "runtime-failed", "the process that was to start the container is gone");
	if (send_fd(connection, state_dir) < 0)
		return error_errno(err, "runtime-failed", "answer the start");
	return connection;
}

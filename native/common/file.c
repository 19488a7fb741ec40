#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

char *read_file_at(int dirfd, const char *path, size_t max, size_t *length)
{
	auto_close int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	size_t size = 0, room = 4096;
	auto_free char *text = malloc(room + 1);
	if (!text)
		return NULL;
	for (;;) {
		ssize_t n = read_full(fd, text + size, room - size);
		if (n < 0)
			return NULL;
		size += (size_t)n;
		if (size < room)
			break;
		if (room >= max) {
			errno = EFBIG;
			return NULL;
		}
		room = room * 4 > max ? max : room * 4;
		char *bigger = realloc(text, room + 1);
		if (!bigger)
			return NULL;
		text = bigger;
	}
	text[size] = '\0';
	if (length)
		*length = size;
	return steal_ptr(&text);
}

ssize_t read_full(int fd, void *buffer, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t n = read(fd, (char *)buffer + done, length - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t write_full(int fd, const void *buffer, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t n = write(fd, (const char *)buffer + done, length - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int write_file_atomic_at(int dirfd, const char *name, const void *data, size_t length, mode_t mode, int sync)
{
	char temp[300];
	if ((size_t)snprintf(temp, sizeof temp, ".%s.%d.tmp", name, (int)getpid()) >= sizeof temp) {
		errno = ENAMETOOLONG;
		return -1;
	}
	auto_close int fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -1;
	if (write_full(fd, data, length) < 0 || (sync && fsync(fd) < 0) || renameat(dirfd, temp, dirfd, name) < 0) {
		int saved = errno;
		unlinkat(dirfd, temp, 0);
		errno = saved;
		return -1;
	}
	if (sync) {
		auto_close int directory = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (directory < 0 || fsync(directory) < 0)
			return -1;
	}
	return 0;
}

int open_in_root(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = (flags & O_CREAT) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	for (;;) {
		int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
		/* EAGAIN: a rename raced with the walk and the kernel could not prove it stayed inside. */
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return fd;
	}
}

int cloexec_from(unsigned from)
{
	return (int)syscall(SYS_close_range, from, ~0U, CLOSE_RANGE_CLOEXEC);
}

int send_fd(int socket, int fd)
{
	return send_fd_with(socket, fd, "", 1);
}

int send_fd_with(int socket, int fd, const void *data, size_t length)
{
	struct iovec iov = {.iov_base = (void *)data, .iov_len = length};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	memset(&control, 0, sizeof control);
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	ssize_t n;
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

int receive_fd(int socket)
{
	char buffer[256];
	struct iovec iov = {.iov_base = buffer, .iov_len = sizeof buffer};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t n;
	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(sizeof(int))) {
		errno = EPROTO;
		return -1;
	}
	int fd;
	memcpy(&fd, CMSG_DATA(header), sizeof fd);
	return fd;
}

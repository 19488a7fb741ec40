/* Files and descriptors. Every descriptor made here is O_CLOEXEC. */
#ifndef CORACLE_FILE_H
#define CORACLE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/* Whole file, NUL-terminated, at most max bytes (EFBIG beyond). Returns malloc'ed text or NULL with errno set. */
char *read_file_at(int dirfd, const char *path, size_t max, size_t *length);
/* read(2)/write(2) until done, over EINTR. Return bytes moved or -1 with errno set. */
ssize_t read_full(int fd, void *buffer, size_t length);
ssize_t write_full(int fd, const void *buffer, size_t length);
/* Writes a new file beside `name` and renames it over; with `sync`, data and directory are fsynced. 0 or -1 (errno). */
int write_file_atomic_at(int dirfd, const char *name, const void *data, size_t length, mode_t mode, int sync);
/* open(2) of `path` below the directory `root`, as if root were `/` (openat2 RESOLVE_IN_ROOT, no magic links). */
int open_in_root(int root, const char *path, int flags, mode_t mode);
/* Marks all descriptors >= from close-on-exec. */
int cloexec_from(unsigned from);
/* Sends or receives one descriptor over a unix socket, with a byte or other data. Receive returns the fd or -1. */
int send_fd(int socket, int fd);
int send_fd_with(int socket, int fd, const void *data, size_t length);
int receive_fd(int socket);

#endif

/* Unix sockets in directories of any depth: sun_path holds 107 bytes, a path through a descriptor always fits. */
#ifndef CORACLE_SOCKET_PATH_H
#define CORACLE_SOCKET_PATH_H

#include <stddef.h>

int socket_bind_at(int fd, int directory, const char *name);
int socket_connect_at(int fd, int directory, const char *name);
/* A path by which another process of ours reaches the name, as long as we live and keep the directory open. */
void socket_path(char *path, size_t size, const char *directory_path, int directory, const char *name);

#endif

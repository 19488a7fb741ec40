/* Mounts in the calling process's mount namespace, by path. */
#ifndef CORACLE_MONITOR_MOUNTS_H
#define CORACLE_MONITOR_MOUNTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

bool is_mount_point(const char *path);
/* What is there once more on itself: then it takes one more mount_detach() until it is gone. */
int mount_bind(const char *path, struct error *err);
int mount_tmpfs(const char *path, struct error *err);
/* What process `pid` sees mounted at `source`. */
int mount_adopt(const char *source, pid_t pid, const char *target, struct error *err);
int mount_detach(const char *path, struct error *err);

#endif

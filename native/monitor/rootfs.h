/* The container's root filesystem: an overlay of its image's layers and its own directory. */
#ifndef CORACLE_MONITOR_ROOTFS_H
#define CORACLE_MONITOR_ROOTFS_H

#include <sys/types.h>

#include "config.h"
#include "error.h"

/*
 * Mounts it on its target in the calling process's mount namespace. With fuse-overlayfs, `helper` (if not NULL) gets
 * the pid of its program, a child that dies with us; without `helper` the program goes on by itself until unmounted.
 */
int rootfs_mount(const struct rootfs_config *rootfs, pid_t *helper, struct error *err);
int rootfs_unmount(const struct rootfs_config *rootfs, struct error *err);
/* fuse-overlayfs's part of rootfs_mount(). */
int fuse_overlayfs_mount(const struct rootfs_config *rootfs, pid_t *helper, struct error *err);

#endif

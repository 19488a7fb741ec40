/* The container's view of the file system, from the bundle's rootfs to `/`. */
#ifndef CORACLE_RUNTIME_ROOTFS_H
#define CORACLE_RUNTIME_ROOTFS_H

#include "container.h"

/* Whether what is asked for can be had with the mount namespace that is asked for. */
int rootfs_check(const struct spec *spec, struct error *err);
/* Makes the rootfs a mount of its own, if it has a mount namespace, and opens container->root and container->proc. */
int rootfs_open(struct container *container, struct error *err);
/*
 * In the creating process: makes the devices of a container with a user namespace, which may not, where real root can.
 * Else the host's are bound, which need to be there and keep their owners and modes.
 */
int devices_prepare(struct container *container, struct error *err);
/* Default and configured devices and links below /dev. */
int devices_make(struct container *container, struct error *err);
/* Applies linux.maskedPaths and linux.readonlyPaths. */
int masks_apply(const struct container *container, struct error *err);
/* Makes the rootfs `/` and leaves nothing else; closes container->root. */
int rootfs_enter(struct container *container, struct error *err);
/* All that there is to it in a mount namespace that is not the container's. */
int rootfs_chroot(int root, struct error *err);

#endif

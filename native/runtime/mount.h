/* One mount: made detached, given its attributes, and only then attached to a descriptor inside the rootfs. */
#ifndef CORACLE_RUNTIME_MOUNT_H
#define CORACLE_RUNTIME_MOUNT_H

#include <stdint.h>

#include "container.h"

/* A detached mount of a new file system instance; `data` is NULL-terminated or NULL. -1 with err. */
int mount_filesystem(const char *type, const char *source, char *const *data, struct error *err);
/* A detached copy of what `fd` refers to. -1 with errno. */
int mount_clone(int fd, bool recursive);
int mount_set_attributes(int fd, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive);
/* The same of what `/proc/PID/root/…` names in another mount namespace; *is_foreign tells whether `source` does. */
int mount_clone_foreign(const struct mount_spec *mount, bool *is_foreign);
/* Attaches a detached mount at `target`. -1 with errno. */
int mount_attach(int mount, int target);
/* With which the source of a bind mount is opened. */
int mount_source_flags(const struct mount_spec *mount);
/* Opens what bind mounts refer to, while the credentials are still those of the caller. */
int mounts_open_sources(struct container *container, struct error *err);
/* For init (`pid`), which lacks the rights in its user namespace: opens the source of a mount there and sends it. */
int mounts_send_source(const struct container *container, int sync, pid_t pid, size_t index, struct error *err);
/* Makes all mounts of the spec below container->root. */
int mounts_make(struct container *container, struct error *err);
/* Makes those read-only that mounts and devices were still to be made in. */
int mounts_seal(struct container *container, struct error *err);

#endif

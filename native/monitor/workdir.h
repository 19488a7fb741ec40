/* The container's working directory, as far as it lies in its rootfs. */
#ifndef CORACLE_MONITOR_WORKDIR_H
#define CORACLE_MONITOR_WORKDIR_H

#include "config.h"

/* Fails where it is missing and not to be made, or no directory. The rootfs must be mounted. */
int workdir_prepare(const struct config *config, struct error *err);

#endif

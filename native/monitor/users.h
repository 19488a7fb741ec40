/* The users that a container has beside those of its image. */
#ifndef CORACLE_MONITOR_USERS_H
#define CORACLE_MONITOR_USERS_H

#include "config.h"

/* Writes their lines to the end of the container's files. Its rootfs must be mounted. */
int users_append(const struct users_config *users, struct error *err);

#endif

/* Device access of a cgroup. */
#ifndef CORACLE_RUNTIME_CGROUP_DEVICES_H
#define CORACLE_RUNTIME_CGROUP_DEVICES_H

#include <jansson.h>

#include "error.h"

/* Restricts the cgroup to what the rules allow. Does nothing in a user namespace: there is nothing to restrict. */
int cgroup_set_devices(int cgroup, json_t *rules, struct error *err);

#endif

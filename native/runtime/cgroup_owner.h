#ifndef CORACLE_RUNTIME_CGROUP_OWNER_H
#define CORACLE_RUNTIME_CGROUP_OWNER_H

#include "spec.h"

/* Where the container has a cgroup namespace and mounts its cgroup for writing, its user becomes the owner. */
void cgroup_give(int cgroup, const struct spec *spec);

#endif

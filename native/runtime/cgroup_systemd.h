/* The systemd cgroup manager of the OCI command line: the container's cgroup is a transient scope. */
#ifndef CORACLE_RUNTIME_CGROUP_SYSTEMD_H
#define CORACLE_RUNTIME_CGROUP_SYSTEMD_H

#include "error.h"

/*
 * Asks systemd for the scope that `path` (SLICE:PREFIX:NAME) names and returns its cgroup in *directory. The result is
 * the pid of a process that keeps the scope alive until the container's first process is in it: end it with
 * cgroup_systemd_release().
 */
int cgroup_systemd_make(const char *path, char **directory, struct error *err);
void cgroup_systemd_release(int pid);

#endif

/* The systemd cgroup manager of the OCI command line: the container's cgroup is a transient scope. */
#ifndef CORACLE_RUNTIME_CGROUP_SYSTEMD_H
#define CORACLE_RUNTIME_CGROUP_SYSTEMD_H

#include <jansson.h>

#include "error.h"

/*
 * Asks systemd for the scope that `path` (SLICE:PREFIX:NAME) names and returns its cgroup in *directory. The result is
 * the pid of a process that keeps the scope alive until the container's first process is in it: end it with
 * cgroup_systemd_release().
 */
int cgroup_systemd_make(const char *path, json_t *resources, char **directory, struct error *err);
void cgroup_systemd_release(int pid);

/* As cgroup_remove(), for the cgroup of a scope. */
int cgroup_systemd_remove(const char *directory, struct error *err);

/* Tells systemd of limits that have changed. `directory` is the scope's cgroup. */
int cgroup_systemd_update(const char *directory, json_t *resources, struct error *err);

#endif

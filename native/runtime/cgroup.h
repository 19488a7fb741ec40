/* One cgroup v2 for a container, below the cgroup2 mount. */
#ifndef CORACLE_RUNTIME_CGROUP_H
#define CORACLE_RUNTIME_CGROUP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/*
 * Makes the cgroup `path` (below the cgroup2 mount) with the limits of `resources` (may be NULL). Sets
 * *directory to its malloc'ed absolute name and returns a descriptor.
 */
int cgroup_make(const char *path, json_t *resources, char **directory, struct error *err);
/* Sets the limits and device rules of a new cgroup. */
int cgroup_limit(int cgroup, json_t *resources, struct error *err);
int cgroup_set_resources(int cgroup, json_t *resources, struct error *err);
/* [2, 262144] of cgroup v1's cpu.shares onto [1, 10000] of cpu.weight, as every runtime does it. */
uint64_t cgroup_cpu_weight(uint64_t shares);
int cgroup_open(const char *directory);
/* The directory of the cgroup that a process is in at the moment, malloc'ed; NULL with errno. */
char *cgroup_path_of(pid_t pid);
/* Whether cgroups can be made below the mount itself. */
bool cgroup_writable(void);
/* Whether we are not root of the machine: our cgroups are those delegated to a user. */
bool cgroup_is_users(void);
bool cgroup_is_frozen(const char *directory);
int cgroup_freeze(const char *directory, bool freeze, struct error *err);
/* Kills all processes below, waits for them and removes the cgroup. Not an error when it is gone. */
int cgroup_remove(const char *directory, struct error *err);
/* Sends a signal to every process below. */
int cgroup_signal(const char *directory, int signal, struct error *err);
/* Whether `text`, such as that of cgroup.controllers, has `word` among its words. */
bool cgroup_has_word(const char *text, const char *word);
/* The rest of the line of `key` in a flat-keyed file such as cgroup.events; NULL when there is none, or no text. */
const char *cgroup_value(const char *text, const char *key);
/* How many processes the kernel has killed there for want of memory. */
long cgroup_oom_kills(const char *directory);
/* Appends the pids of a cgroup and everything below it to a JSON array. */
int cgroup_processes(const char *directory, json_t *pids);

#endif

/* What a process inherits across exec besides its credentials: limits, priorities, personality. */
#ifndef CORACLE_RUNTIME_LIMITS_H
#define CORACLE_RUNTIME_LIMITS_H

#include "spec.h"

int limits_set(const struct process_spec *process, struct error *err);
/* From outside, where the file is ours to write. */
int limits_set_oom_score(pid_t pid, int score, struct error *err);
/* execCPUAffinity: a list such as `0-3,7`. */
int limits_set_affinity(const char *cpus, struct error *err);
/* All that the cgroup has: what the caller is bound to is no matter of the container's. */
void limits_reset_affinity(void);
/* From outside a user namespace, where the right to do so is: hard limits that limits_set() is to raise. */
void limits_allow(pid_t pid, const struct process_spec *process);

#endif

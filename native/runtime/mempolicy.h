/* linux.memoryPolicy: from which NUMA nodes a container's processes get their memory. */
#ifndef CORACLE_RUNTIME_MEMPOLICY_H
#define CORACLE_RUNTIME_MEMPOLICY_H

#include <jansson.h>

#include "error.h"

/* Names of modes and flags, for `features`; NULL beyond the last. */
const char *memory_policy_mode(size_t i);
const char *memory_policy_flag(size_t i);
/* Whether it is well-formed; NULL is. */
int memory_policy_check(json_t *policy, struct error *err);
/* Of the calling process, and of those that it makes. */
int memory_policy_set(json_t *policy, struct error *err);

#endif

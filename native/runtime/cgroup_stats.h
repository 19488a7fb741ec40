/* What a container has used, in the shape of runc's `events` (there is no word of it in the specification). */
#ifndef CORACLE_RUNTIME_CGROUP_STATS_H
#define CORACLE_RUNTIME_CGROUP_STATS_H

#include <jansson.h>

#include "error.h"

/* Of a cgroup and everything below it: times in nanoseconds, sizes in bytes. A controller that isn't there has no member. */
json_t *cgroup_stats(const char *directory, struct error *err);

#endif

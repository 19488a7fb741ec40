/* Capability names and the sets of the calling process. */
#ifndef CORACLE_RUNTIME_CAPABILITIES_H
#define CORACLE_RUNTIME_CAPABILITIES_H

#include <stdint.h>

#include "error.h"
#include "spec.h"

/* "CAP_CHOWN" to its number, -1 when unknown. */
int capability_from_name(const char *name);
const char *capability_name(int capability);
/* The highest capability that this kernel has. */
int capability_last(void);
/* Drops from the bounding set what `sets` doesn't have. */
int capabilities_bound(const uint64_t sets[5], struct error *err);
/* Sets effective, permitted, inheritable and ambient. `keep` stays effective and permitted for now. */
int capabilities_set(const uint64_t sets[5], uint64_t keep, struct error *err);

#endif

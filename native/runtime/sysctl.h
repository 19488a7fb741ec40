/* linux.sysctl: only what belongs to a namespace of the container. */
#ifndef CORACLE_RUNTIME_SYSCTL_H
#define CORACLE_RUNTIME_SYSCTL_H

#include "spec.h"

/* Refuses names that would change the host. */
int sysctl_check(const struct spec *spec, struct error *err);
int sysctl_apply(const struct spec *spec, int proc, struct error *err);

#endif

/* Namespaces of init: which are made by clone, which are joined first, which can only be made inside. */
#ifndef CORACLE_RUNTIME_NAMESPACES_H
#define CORACLE_RUNTIME_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "spec.h"

/* CLONE_NEW* of the namespaces that clone3 makes together with init. */
uint64_t namespaces_clone_flags(const struct spec *spec);
bool namespaces_any_joined(const struct spec *spec);
/* Joins those given by path. The pid namespace takes effect for children. */
int namespaces_join(const struct spec *spec, struct error *err);
/* In init: what must be made by root of the container, or where init is by now, or takes effect for children only. */
int namespaces_unshare_late(const struct spec *spec, struct error *err);
/* In init, with its time offsets. */
int namespaces_make_time(const struct spec *spec, struct error *err);
int namespaces_set_names(const struct spec *spec, struct error *err);
int namespaces_loopback_up(struct error *err);

#endif

/* AppArmor: the profile that takes effect at the next exec. */
#ifndef CORACLE_RUNTIME_APPARMOR_H
#define CORACLE_RUNTIME_APPARMOR_H

#include <stdbool.h>

#include "error.h"

/* Whether the process is to get one. */
bool apparmor_is_wanted(const char *profile);
/* `proc` is a descriptor of the host's /proc. No profile (NULL, empty, `unconfined`) is not an error anywhere. */
int apparmor_set_exec(int proc, const char *profile, struct error *err);

#endif

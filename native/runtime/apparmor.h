/* AppArmor: the profile that takes effect at the next exec. */
#ifndef CORACLE_RUNTIME_APPARMOR_H
#define CORACLE_RUNTIME_APPARMOR_H

#include "error.h"

/* `proc` is a descriptor of the host's /proc. No profile (NULL, empty, `unconfined`) is not an error anywhere. */
int apparmor_set_exec(int proc, const char *profile, struct error *err);

#endif

/* Why the kernel refuses a user namespace, and what an administrator does about it. */
#ifndef CORACLE_REFUSAL_H
#define CORACLE_REFUSAL_H

#include <stdbool.h>

#include "error.h"

/*
 * Under Ubuntu's AppArmor restriction the namespace is made, but without any rights in it: that is found out before.
 * Returns true with the error filled in.
 */
bool refusal_expected(struct error *err);

/* The error for a clone(2) with CLONE_NEWUSER that failed with `errnum`. Returns -1. */
int refusal_explain(int errnum, struct error *err);

#endif

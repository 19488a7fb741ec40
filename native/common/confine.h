/*
 * What a process gives up that from here on only moves bytes: all capabilities, the way to more of them, and every system
 * call but those it names. No libseccomp: that takes milliseconds and memory for what is an array here.
 */
#ifndef CORACLE_CONFINE_H
#define CORACLE_CONFINE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* A system call that stays; with an argument only where that has this value (one entry for each value). */
struct confine_call {
	uint16_t number;
	uint8_t argument; /* counted from 1; 0: whatever the arguments are */
	uint32_t value;
};

/* Reduces them to this set of (1ULL << CAP_…), inheritable ones to none. */
int confine_capabilities(uint64_t keep, struct error *err);
/* What programs may get from being executed by root: of no use any more with no_new_privs. */
int confine_bounding_set(uint64_t keep, struct error *err);
int confine_no_new_privileges(struct error *err);
/* Other calls fail with EPERM. Takes confine_no_new_privileges(); a kernel without seccomp filters is no failure. */
int confine_calls(const struct confine_call *calls, size_t count, struct error *err);

#endif

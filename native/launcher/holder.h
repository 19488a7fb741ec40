/*
 * The holder: a small process that keeps the user's namespace alive while anyone uses it.
 *
 * Whoever is inside holds a shared flock on RUN/alive. The holder waits for the exclusive one; the kernel gives it when the
 * last of them is gone, in whatever way it went. Then the holder kills what remains in the namespace, and ends unless
 * another command comes at once.
 */
#ifndef CORACLE_HOLDER_H
#define CORACLE_HOLDER_H

#include <sys/types.h>

#include "run_directory.h"

struct holder_setup {
	const struct run_directory *run;
	int survivor; /* pidfd of a process whose namespace is to be held; -1: a new namespace */
	int argc;     /* the launcher's own command line */
	char **argv;
};

/*
 * Starts a holder, which is no child of the caller. Call it with a shared lock on RUN/alive, or it ends at once.
 * Returns 0, or -1 with errno: that of clone(2) where the namespace is refused.
 */
int holder_start(const struct holder_setup *setup, pid_t *pid);

#endif

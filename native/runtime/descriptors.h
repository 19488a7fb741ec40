/* Which descriptors a forked process keeps of its parent's. */
#ifndef CORACLE_RUNTIME_DESCRIPTORS_H
#define CORACLE_RUNTIME_DESCRIPTORS_H

#include <stddef.h>

#include "error.h"

/*
 * Closes all but `keep` (sorted here; -1 is skipped) and those below `first`. A forked process would else hold the
 * other ends of its own sockets, and never see its parent's death on them.
 */
int descriptors_keep(int *keep, size_t count, int first, struct error *err);

#endif

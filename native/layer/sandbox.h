/*
 * What this program gives up before it looks at anything of an archive's or a container's, whatever that could make of it.
 * Both are a second line behind working by descriptors only, and where the kernel hasn't got them, things go on without.
 */
#ifndef CORACLE_LAYER_SANDBOX_H
#define CORACLE_LAYER_SANDBOX_H

#include "error.h"

/* All system calls but those for files, memory and threads: no network, no other program, process, namespace or mount. */
int sandbox_calls(struct error *err);
/* All files but those that are open, and those below `directory` (-1: none). Before the first thread. (landlock(7)) */
int sandbox_files(int directory, struct error *err);

#endif

/* Keeps containers from reaching our executable, CVE-2019-5736: whoever enters one runs from a copy out of reach. */
#ifndef CORACLE_SELFPROTECT_H
#define CORACLE_SELFPROTECT_H

#include "error.h"

/*
 * To be called first thing in main(), before anything is joined: unless that is so already, executes the program anew
 * from a read-only detached mount or a sealed memory file, with the same arguments. Also denies inspection by others
 * (PR_SET_DUMPABLE), which forked children inherit.
 */
int selfprotect(char **argv, struct error *err);

#endif

/* A process that stays outside of the user namespace for as long as the engine lives. */
#ifndef CORACLE_OUTSIDE_H
#define CORACLE_OUTSIDE_H

#include "error.h"

/*
 * From inside, the kernel shows no descriptors of the caller's other processes, so that nobody there can tell which one has
 * a port. Returns a socket: asked with `INODE\n` of a socket it answers `PID NAME\n`, or `\n`. Closing it ends the process.
 */
int outside_open(struct error *err);

#endif

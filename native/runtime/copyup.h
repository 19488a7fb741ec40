/* tmpcopyup: a new tmpfs starts with what the image has at its place. */
#ifndef CORACLE_RUNTIME_COPYUP_H
#define CORACLE_RUNTIME_COPYUP_H

#include <stdbool.h>

#include "error.h"

/*
 * Copies the contents of directory `from` into directory `to`; both may be O_PATH. Links are never followed. `to` gets
 * owner and mode as well, unless it has those that were asked for.
 */
int copy_up(int from, int to, bool keep_owner, bool keep_mode, struct error *err);

#endif

/* tmpcopyup: a new tmpfs starts with what the image has at its place. */
#ifndef CORACLE_RUNTIME_COPYUP_H
#define CORACLE_RUNTIME_COPYUP_H

#include "error.h"

/* Copies the contents of directory `from` into directory `to`; both may be O_PATH. Links are never followed. */
int copy_up(int from, int to, struct error *err);

#endif

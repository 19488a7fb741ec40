/* The container's first process. */
#ifndef CORACLE_RUNTIME_INIT_H
#define CORACLE_RUNTIME_INIT_H

#include "container.h"

/* Runs in the process made by clone; ends in exec or exit. */
_Noreturn void init_main(struct container *container);
/* What init and exec'ed processes have in common at first: session, signals, standard descriptors. */
int init_session(struct error *err);
/* A session keyring of its own: the caller's holds what is his, such as tickets. */
int init_keyring(struct error *err);
int init_stdio(const int stdio[3], struct error *err);
/* Root of a new or joined user namespace. */
int init_become_root(struct error *err);

#endif

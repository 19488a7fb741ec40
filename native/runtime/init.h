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
/* /dev/null of the host among the standard descriptors becomes the container's, whose mode root there may change. */
int init_own_null(int root, struct error *err);
int init_stdio(const int stdio[3], struct error *err);
/* The first id that a user namespace has, in `map` (uid_map or gid_map) of a process. `proc`: the host's /proc. */
unsigned init_first_id(int proc, int pid, const char *map);
/*
 * Root of a new or joined user namespace, or where that has none the first of its ids: who makes files must be somebody whom
 * it knows.
 */
int init_become_root(uid_t first_uid, gid_t first_gid, struct error *err);

#endif

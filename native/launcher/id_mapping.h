/* Maps the caller to root of a new user namespace, and his subordinate ids to the ids after it. */
#ifndef CORACLE_ID_MAPPING_H
#define CORACLE_ID_MAPPING_H

#include <sys/types.h>

#include "error.h"

/* `target` is the first process in the new namespace. Without ranges or helpers only the caller himself is mapped. */
int id_mapping_write(pid_t target, uid_t uid, gid_t gid, struct error *err);

#endif

/* Id mappings of user namespaces and of mounts. */
#ifndef CORACLE_RUNTIME_IDMAP_H
#define CORACLE_RUNTIME_IDMAP_H

#include "container.h"

/* What an id of the container is outside; (uint32_t)-1 where it is nothing. */
uint32_t idmap_host_id(const struct id_mappings *mappings, uint32_t id);
/* Writes the mappings of the new user namespace of `pid`, from outside. */
int idmap_write(pid_t pid, const struct id_mappings *uids, const struct id_mappings *gids, struct error *err);
/*
 * For an ordinary user and a configuration without user namespace, or with one and no mappings: one in which the
 * caller is root and the subordinate ids follow, as the caller's shared namespace has them.
 */
int idmap_add_default(struct spec *spec, struct error *err);
/*
 * Makes the bind mounts that have id mappings, detached. In the creating process: in a user namespace of the container,
 * nobody may map the ids of a file system from outside.
 */
int idmap_mounts(struct container *container, struct error *err);

#endif

/* Files on their way into an archive. */
#ifndef CORACLE_LAYER_PACK_H
#define CORACLE_LAYER_PACK_H

#include "error.h"
#include "links.h"
#include "tar_writer.h"
#include "walk.h"

struct pack {
	struct tar_writer writer;
	struct links links;
};

int pack_init(struct pack *pack, int fd, struct error *err);
void pack_free(struct pack *pack);
/* Writes one entry of a walk under the given name; a file written before under another becomes a hard link to that. */
int pack_entry(struct pack *pack, const struct walk_entry *entry, const char *name, struct error *err);
/* The same for an open file (or O_PATH descriptor of what has no data). */
int pack_open(struct pack *pack, int fd, const struct stat *st, const char *name, struct error *err);

#endif

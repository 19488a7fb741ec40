/* Entries of a layer: what whiteouts and opaque markers become in overlay form. */
#ifndef CORACLE_LAYER_LAYER_ENTRY_H
#define CORACLE_LAYER_LAYER_ENTRY_H

#include "unpack.h"

/* An unpack_visit for layers; the target has an opaque_xattr. */
int layer_unpack_entry(struct unpack *unpack, const struct unpack_data *data, const struct tar_entry *entry,
		       struct error *err);

#endif

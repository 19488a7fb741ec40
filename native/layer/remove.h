/* Removal of whole trees. */
#ifndef CORACLE_LAYER_REMOVE_H
#define CORACLE_LAYER_REMOVE_H

#include "error.h"

/* Removes a file or tree, following nothing; it is no error that it isn't there. */
int remove_at(int parent, const char *name, struct error *err);


#endif

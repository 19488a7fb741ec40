/* Layers as overlay file systems store them. */
#ifndef CORACLE_LAYER_OVERLAY_H
#define CORACLE_LAYER_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

bool overlay_is_whiteout(const struct stat *st);
/* Is there a directory of that path in the merged view of the layers (topmost first)? */
bool overlay_has_directory(const int *layers, size_t count, const char *path);

#endif

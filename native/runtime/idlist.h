/* Lists of numbers as the kernel writes them: `0-3,8`. */
#ifndef CORACLE_RUNTIME_IDLIST_H
#define CORACLE_RUNTIME_IDLIST_H

#include <limits.h>
#include <stddef.h>

#define ID_LIST_WORD (CHAR_BIT * sizeof(unsigned long))

/* Sets the bits of a mask of `bits` bits. -1: not such a list, or beyond the mask. */
int id_list_parse(const char *text, unsigned long *mask, size_t bits);

#endif

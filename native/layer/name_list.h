/* A growing list of names or paths. */
#ifndef CORACLE_LAYER_NAME_LIST_H
#define CORACLE_LAYER_NAME_LIST_H

#include <stddef.h>
#include <stdio.h>

struct name_list {
	char **names;
	size_t count, room;
};

/* Appends a copy. 0 or -1 with errno ENOMEM. */
int name_list_add(struct name_list *list, const char *name);
/* Puts the names in byte order and each one only once. */
void name_list_sort(struct name_list *list);
/* Removes the names that are in the other list; both are sorted. */
void name_list_subtract(struct name_list *list, const struct name_list *other);
void name_list_free(struct name_list *list);

#endif

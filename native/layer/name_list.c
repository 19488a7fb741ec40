#include "name_list.h"

#include <stdlib.h>
#include <string.h>

int name_list_add(struct name_list *list, const char *name)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 32;
		char **bigger = reallocarray(list->names, room, sizeof *bigger);
		if (!bigger)
			return -1;
		list->names = bigger;
		list->room = room;
	}
	char *copy = strdup(name);
	if (!copy)
		return -1;
	list->names[list->count++] = copy;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void name_list_sort(struct name_list *list)
{
	if (list->count < 2)
		return;
	qsort(list->names, list->count, sizeof *list->names, compare);
	size_t kept = 1;
	for (size_t i = 1; i < list->count; i++) {
		if (strcmp(list->names[i], list->names[kept - 1]) == 0)
			free(list->names[i]);
		else
			list->names[kept++] = list->names[i];
	}
	list->count = kept;
}

void name_list_subtract(struct name_list *list, const struct name_list *other)
{
	size_t kept = 0, at = 0;
	for (size_t i = 0; i < list->count; i++) {
		while (at < other->count && strcmp(other->names[at], list->names[i]) < 0)
			at++;
		if (at < other->count && strcmp(other->names[at], list->names[i]) == 0)
			free(list->names[i]);
		else
			list->names[kept++] = list->names[i];
	}
	list->count = kept;
}

void name_list_free(struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct name_list){0};
}

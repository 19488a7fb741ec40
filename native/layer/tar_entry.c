#include "tar_entry.h"

#include <stdlib.h>
#include <string.h>

void tar_entry_free(struct tar_entry *entry)
{
	free(entry->path);
	free(entry->link);
	for (size_t i = 0; i < entry->xattr_count; i++) {
		free(entry->xattrs[i].name);
		free(entry->xattrs[i].value);
	}
	free(entry->xattrs);
	free(entry->segments);
	*entry = (struct tar_entry){0};
}

static void remove_xattr(struct tar_entry *entry, size_t at)
{
	free(entry->xattrs[at].name);
	free(entry->xattrs[at].value);
	entry->xattrs[at] = entry->xattrs[--entry->xattr_count];
}

int tar_entry_set_xattr(struct tar_entry *entry, const char *name, const void *value, size_t length)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		if (strcmp(entry->xattrs[i].name, name) == 0) {
			remove_xattr(entry, i);
			break;
		}
	}
	if (!value)
		return 0;
	struct tar_xattr *bigger = reallocarray(entry->xattrs, entry->xattr_count + 1, sizeof *bigger);
	if (!bigger)
		return -1;
	entry->xattrs = bigger;
	struct tar_xattr new = {.name = strdup(name), .value = malloc(length + 1), .length = length};
	if (!new.name || !new.value) {
		free(new.name);
		free(new.value);
		return -1;
	}
	memcpy(new.value, value, length);
	entry->xattrs[entry->xattr_count++] = new;
	return 0;
}

int tar_entry_add_segment(struct tar_entry *entry, uint64_t offset, uint64_t length)
{
	/* Grows by doubling: the count is a power of two exactly when the array is full. */
	size_t count = entry->segment_count;
	if ((count & (count - 1)) == 0) {
		struct tar_segment *bigger = reallocarray(entry->segments, count ? count * 2 : 1, sizeof *bigger);
		if (!bigger)
			return -1;
		entry->segments = bigger;
	}
	entry->segments[entry->segment_count++] = (struct tar_segment){offset, length};
	return 0;
}

/* usage: what trees take. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "links.h"
#include "report.h"
#include "walk.h"

struct usage {
	uint64_t bytes, inodes;
	struct links links;
};

static int visit(void *context, const struct walk_entry *entry, struct error *err)
{
	struct usage *usage = context;
	(void)err;
	if (entry->st.st_nlink > 1 && !S_ISDIR(entry->st.st_mode) &&
	    links_find_or_add(&usage->links, &entry->st, entry->path))
		return 0;
	usage->inodes++;
	/* Lengths, not blocks: the same whatever the file system. Those of directories say nothing of what is in them. */
	if (!S_ISDIR(entry->st.st_mode))
		usage->bytes += (uint64_t)entry->st.st_size;
	return 0;
}

int usage_command(int argc, char **argv, struct error *err)
{
	if (argc < 2)
		return error_set(err, "usage", "usage needs a directory: coracle-layer usage DIR…");
	struct usage usage = {0};
	int result = 0;
	for (int i = 1; i < argc && result == 0; i++) {
		auto_close int directory = option_directory(argv[i], err);
		result = directory < 0 ? -1 : walk(directory, visit, &usage, err);
		usage.inodes++;
	}
	links_free(&usage.links);
	if (result == 0)
		printf("{\"bytes\":%llu,\"inodes\":%llu}\n", (unsigned long long)usage.bytes,
		       (unsigned long long)usage.inodes);
	return result;
}

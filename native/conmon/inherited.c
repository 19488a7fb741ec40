#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "conmon.h"

#define INHERITED_MAX 256

static int inherited[INHERITED_MAX];
static size_t inherited_count;

void conmon_note_inherited(const struct conmon *c)
{
	auto_closedir DIR *directory = opendir("/proc/self/fd");
	for (const struct dirent *entry; directory && (entry = readdir(directory));) {
		int fd = atoi(entry->d_name);
		bool ours = fd < 3 || fd == dirfd(directory) || fd == c->sync_fd || fd == c->start_fd || fd == c->attach_fd;
		if (!ours && inherited_count < INHERITED_MAX)
			inherited[inherited_count++] = fd;
	}
}

void conmon_close_inherited(void)
{
	while (inherited_count > 0)
		close(inherited[--inherited_count]);
}

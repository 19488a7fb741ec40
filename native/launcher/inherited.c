#include "inherited.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static bool is_asked_for(int argc, char **argv)
{
	if (getenv("LISTEN_FDS"))
		return true;
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--preserve-fd", strlen("--preserve-fd")) == 0)
			return true;
	}
	return false;
}

void inherited_note(int argc, char **argv)
{
	auto_free char *list = NULL;
	size_t size;
	unsetenv("CORACLE_FDS");
	if (!is_asked_for(argc, argv))
		return;
	auto_closedir DIR *descriptors = opendir("/proc/self/fd");
	FILE *text = descriptors ? open_memstream(&list, &size) : NULL;
	if (!text)
		return;
	for (struct dirent *entry; (entry = readdir(descriptors));) {
		int fd = atoi(entry->d_name);
		if (fd > 2 && fd != dirfd(descriptors))
			fprintf(text, "%d,", fd);
	}
	if (fclose(text) == 0)
		setenv("CORACLE_FDS", list, 1);
}

/* sync: what was unpacked reaches the disk. */
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "report.h"

int sync_command(int argc, char **argv, struct error *err)
{
	if (argc < 2)
		return error_set(err, "usage", "sync needs a directory: coracle-layer sync DIR…");
	for (int i = 1; i < argc; i++) {
		auto_close int directory = option_directory(argv[i], err);
		if (directory < 0)
			return -1;
		if (syncfs(directory) < 0)
			return fail_errno(err, "sync the file system of %s", argv[i]);
	}
	puts("{}");
	return 0;
}

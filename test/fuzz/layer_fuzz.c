/*
 * Unpacks layers for real: into a directory beside which lies a sentinel that must not change. To be run as root of a user
 * namespace, in a directory that can be thrown away (tmpfs is best).
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer/layer_entry.h"
#include "layer/remove.h"
#include "tar_mutator.h"

#define SENTINEL "sentinel"
#define ROOT "root"

static struct stat sentinel_before, directory_before;

static void look(struct stat *sentinel, struct stat *directory)
{
	if (lstat(SENTINEL, sentinel) < 0 || lstat(".", directory) < 0)
		abort();
}

static void prepare(void)
{
	struct error err;
	umask(0);
	remove_at(AT_FDCWD, ROOT, &err);
	int fd = open(SENTINEL, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || mkdir(ROOT, 0755) < 0)
		abort();
	close(fd);
	look(&sentinel_before, &directory_before);
}

static int same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static void check(void)
{
	struct stat sentinel, directory;
	look(&sentinel, &directory);
	if (!same_time(&sentinel.st_ctim, &sentinel_before.st_ctim) ||
	    !same_time(&directory.st_ctim, &directory_before.st_ctim) || sentinel.st_nlink != 1)
		abort();
}

/* Leaves the root itself in place, for a change beside it would look like an escape. */
static void empty_root(int root)
{
	struct error err;
	DIR *directory = fdopendir(dup(root));
	struct dirent *entry;
	if (!directory)
		abort();
	rewinddir(directory);
	while ((entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    remove_at(root, entry->d_name, &err) < 0)
			abort();
	}
	closedir(directory);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static int prepared;
	if (!prepared)
		prepare();
	prepared = 1;
	int root = open(ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		abort();
	struct memory memory = {input, size};
	struct unpack unpack;
	struct error err;
	unpack_init(&unpack, root, "user.overlay.opaque");
	unpack_archive(&unpack, memory_source, &memory, layer_unpack_entry, &err);
	unpack_free(&unpack);
	fchmod(root, 0755);
	empty_root(root);
	close(root);
	check();
	return 0;
}

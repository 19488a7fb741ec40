/* archive: files out of a root file system, as `cp` needs them. */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "file.h"
#include "pack.h"
#include "path.h"
#include "report.h"

struct archive {
	struct pack pack;
	const char *name;
	bool without_system;
	dev_t device; /* where it begins */
};

static bool is_system(const char *path)
{
	return strcmp(path, "dev") == 0 || strcmp(path, "proc") == 0 || strcmp(path, "sys") == 0;
}

/* What the kernel makes up; POSIX message queues have no name for theirs in its headers. */
static bool is_made_up(int directory)
{
	struct statfs file_system;
	if (fstatfs(directory, &file_system) < 0)
		return false;
	switch ((unsigned long)file_system.f_type) {
	case PROC_SUPER_MAGIC: case SYSFS_MAGIC: case DEVPTS_SUPER_MAGIC: case CGROUP_SUPER_MAGIC: case CGROUP2_SUPER_MAGIC:
	case 0x19800202:
		return true;
	default:
		return false;
	}
}

static int visit(void *context, const struct walk_entry *entry, struct error *err)
{
	struct archive *archive = context;
	auto_free char *name = NULL;
	if (archive->without_system && is_system(entry->path))
		return 1;
	if (asprintf(&name, "%s%s%s", archive->name, *archive->name ? "/" : "", entry->path) < 0)
		return fail_errno(err, "archive %s", entry->path);
	if (pack_entry(&archive->pack, entry, name, err) < 0)
		return -1;
	/* Of a running container's whole tree /proc and its like are no files to have, unless they were asked for. */
	return entry->directory >= 0 && entry->st.st_dev != archive->device && is_made_up(entry->directory) ? 1 : 0;
}

/* A descriptor that can be read, of what an O_PATH one stands for; links, pipes and devices stay as they are. */
static int open_for_reading(int fd, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return fcntl(fd, F_DUPFD_CLOEXEC, 0);
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int write_archive(struct archive *archive, int root, const char *path, bool follow, struct error *err)
{
	auto_close int found = open_in_root(root, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);
	struct stat st;
	if (found < 0 || fstat(found, &st) < 0)
		return fail_errno(err, "open %s", path);
	auto_close int fd = open_for_reading(found, &st);
	if (fd < 0)
		return fail_errno(err, "open %s", path);
	if (S_ISSOCK(st.st_mode))
		return error_set(err, "io-error", "%s is a socket: it cannot be archived", path);
	/* Without a name there are only the entries of a directory, not itself. */
	bool named = *archive->name || !S_ISDIR(st.st_mode);
	if (named && pack_open(&archive->pack, fd, &st, archive->name, err) < 0)
		return -1;
	archive->device = st.st_dev;
	if (S_ISDIR(st.st_mode) && walk(fd, visit, archive, err) < 0)
		return -1;
	return tar_writer_end(&archive->pack.writer, err);
}

/* The last component, `.` for the root or what ends in it. */
static char *default_name(const char *path, struct error *err)
{
	size_t length;
	const char *last = path_base(path, &length);
	auto_free char *absolute = NULL;
	if (strcmp(last, ".") == 0)
		return strdup(".");
	if (asprintf(&absolute, "/%s", path) < 0)
		return NULL;
	auto_free char *clean = path_from_name(absolute, err);
	const char *base = clean ? path_base(clean, &length) : NULL;
	return base ? strdup(*base ? base : ".") : NULL;
}

int archive_command(int argc, char **argv, struct error *err)
{
	static const struct option known[] = {
		{"root", required_argument, NULL, 'r'}, {"path", required_argument, NULL, 'p'},
		{"follow", no_argument, NULL, 'f'},	{"name", required_argument, NULL, 'n'},
		{"without-system", no_argument, NULL, 'w'}, {NULL, 0, NULL, 0},
	};
	const char *root_path = NULL, *path = NULL, *name = NULL;
	bool follow = false, without_system = false;
	int option;
	while ((option = option_next(argc, argv, known, err)) >= 0) {
		if (option == 'r')
			root_path = optarg;
		else if (option == 'p')
			path = optarg;
		else if (option == 'n')
			name = optarg;
		else if (option == 'w')
			without_system = true;
		else
			follow = true;
	}
	if (option == -2)
		return -1;
	if (!root_path || !path)
		return error_set(err, "usage", "archive needs --root DIR and --path PATH");
	auto_close int root = option_directory(root_path, err);
	auto_free char *base = name ? strdup(name) : default_name(path, err);
	if (root < 0 || !base)
		return -1;
	struct archive archive = {.name = base, .without_system = without_system};
	int result = pack_init(&archive.pack, STDOUT_FILENO, err);
	if (result == 0)
		result = write_archive(&archive, root, path, follow, err);
	pack_free(&archive.pack);
	return result;
}

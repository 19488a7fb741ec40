/* cat, stat: what lies at a path inside a root, seen as a process with that root sees it. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "file.h"
#include "report.h"

#define CAT_MAX (1ULL << 20)

struct look {
	const char *root;
	const char *path;
	unsigned long long max;
	int follow;
};

static int parse(int argc, char **argv, struct look *look, struct error *err)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, 'r'}, {"path", required_argument, NULL, 'p'},
		{"max", required_argument, NULL, 'm'},	{"follow", no_argument, NULL, 'f'},
		{0},
	};
	int option;
	while ((option = option_next(argc, argv, options, err)) >= 0) {
		if (option == 'r')
			look->root = optarg;
		else if (option == 'p')
			look->path = optarg;
		else if (option == 'f')
			look->follow = 1;
		else if (option_number("max", optarg, ULLONG_MAX, &look->max, err) < 0)
			return -1;
	}
	if (option == -2)
		return -1;
	if (!look->root || !look->path)
		return error_set(err, "usage", "%s needs --root and --path", argv[0]);
	return 0;
}

int cat_command(int argc, char **argv, struct error *err)
{
	struct look look = {.max = CAT_MAX};
	if (parse(argc, argv, &look, err) < 0)
		return -1;
	auto_close int root = option_directory(look.root, err);
	if (root < 0)
		return -1;
	/* Not blocked by a FIFO, no device opened for good: the kind is checked first. */
	auto_close int found = open_in_root(root, look.path, O_PATH, 0);
	struct stat st;
	if (found < 0 || fstat(found, &st) < 0)
		return fail_errno(err, "open %s", look.path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, "io-error", "%s is not a regular file", look.path);
	auto_close int fd = open_in_root(root, look.path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat opened;
	if (fd < 0 || fstat(fd, &opened) < 0)
		return fail_errno(err, "open %s", look.path);
	if (!S_ISREG(opened.st_mode))
		return error_set(err, "io-error", "%s is not a regular file", look.path);
	if ((unsigned long long)opened.st_size > look.max)
		return error_set(err, "io-error", "%s is larger than %llu bytes", look.path, look.max);
	char buffer[65536];
	unsigned long long total = 0;
	for (;;) {
		ssize_t n = read_full(fd, buffer, sizeof buffer);
		if (n < 0)
			return fail_errno(err, "read %s", look.path);
		total += (unsigned long long)n;
		if (total > look.max)
			return error_set(err, "io-error", "%s is larger than %llu bytes", look.path, look.max);
		if (n == 0)
			return 0;
		if (write_full(STDOUT_FILENO, buffer, (size_t)n) < 0)
			return fail_errno(err, "write to standard output");
	}
}

static const char *kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	default:
		return "device";
	}
}

/* Where an O_PATH descriptor inside the root lies, as a path below that root; "" when it can't be told. */
static void path_in_root(int root, int fd, char *path, size_t size)
{
	char link[64], base[PATH_MAX], full[PATH_MAX];
	path[0] = '\0';
	snprintf(link, sizeof link, "/proc/self/fd/%d", root);
	ssize_t base_length = readlink(link, base, sizeof base - 1);
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, full, sizeof full - 1);
	if (base_length < 0 || length < 0)
		return;
	base[base_length] = full[length] = '\0';
	if (base_length == 1)
		base_length = 0; /* the root is "/" itself */
	if (strncmp(full, base, (size_t)base_length) == 0)
		snprintf(path, size, "%s", full[base_length] ? full + base_length : "/");
}

int stat_command(int argc, char **argv, struct error *err)
{
	struct look look = {0};
	if (parse(argc, argv, &look, err) < 0)
		return -1;
	auto_close int root = option_directory(look.root, err);
	if (root < 0)
		return -1;
	auto_close int fd = open_in_root(root, look.path, look.follow ? O_PATH : O_PATH | O_NOFOLLOW, 0);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		puts("{\"exists\":false}");
		return 0;
	}
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(err, "look at %s", look.path);
	char target[PATH_MAX] = "", path[PATH_MAX];
	if (S_ISLNK(st.st_mode) && readlinkat(fd, "", target, sizeof target - 1) < 0)
		return fail_errno(err, "read link %s", look.path);
	path_in_root(root, fd, path, sizeof path);
	/* A name that isn't UTF-8 can't be said in JSON: "%s?" leaves it null. */
	auto_free char *text = NULL;
	json_t *answer = json_pack("{s:b s:s s:i s:I s:i s:i s:s? s:s?}", "exists", 1, "type", kind(st.st_mode), "mode",
				   (int)(st.st_mode & 07777), "size", (json_int_t)st.st_size, "uid", (int)st.st_uid, "gid",
				   (int)st.st_gid, "target", target, "path", path);
	if (answer) {
		text = json_dumps(answer, JSON_COMPACT);
		json_decref(answer);
	}
	if (!text)
		return error_set(err, "io-error", "the name of %s is not UTF-8", look.path);
	puts(text);
	return 0;
}

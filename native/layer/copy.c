/* copy and clone: trees into trees, with all metadata. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "file.h"
#include "links.h"
#include "overlay.h"
#include "report.h"
#include "unpack.h"
#include "walk.h"
#include "xattr.h"

struct copy {
	struct unpack unpack;
	struct links links; /* of the source tree */
	bool layers;        /* whiteouts and opaque directories remove, instead of being copied */
};

static int copy_range(int from, int to, off_t offset, off_t end)
{
	while (offset < end) {
		off_t at = offset;
		ssize_t n = copy_file_range(from, &at, to, &at, (size_t)(end - offset), 0);
		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS)) {
			char buffer[64 * 1024];
			size_t room = (size_t)(end - offset) < sizeof buffer ? (size_t)(end - offset) : sizeof buffer;
			n = pread(from, buffer, room, offset);
			if (n > 0 && (lseek(to, offset, SEEK_SET) < 0 || write_full(to, buffer, (size_t)n) < 0))
				return -1;
		}
		if (n < 0)
			return -1;
		/* It was cut meanwhile. */
		if (n == 0)
			return 0;
		offset += n;
	}
	return 0;
}

/* Shared blocks where the file system can do that, else only what isn't a hole. */
static int write_from_file(void *context, int to, const struct tar_entry *entry, const char *path, struct error *err)
{
	int from = *(int *)context;
	off_t size = (off_t)entry->size;
	if (size == 0 || ioctl(to, FICLONE, from) == 0)
		return 0;
	for (off_t data = 0, hole = 0; hole < size;) {
		data = lseek(from, hole, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break;
		hole = data < 0 ? size : lseek(from, data, SEEK_HOLE);
		if (data < 0)
			data = 0;
		if (hole < 0 || hole > size)
			hole = size;
		if (copy_range(from, to, data, hole) < 0)
			return fail_errno(err, "copy %s", path);
	}
	return ftruncate(to, size) == 0 ? 0 : fail_errno(err, "copy %s", path);
}

/* Does what the layer says of the names below it: removes the one that is there already. */
static int remove_lower(struct copy *copy, const char *path, bool contents_only, struct error *err)
{
	const char *base;
	bool whiteout;
	int parent = target_parent(&copy->unpack.target, path, &base, err);
	struct stat st;
	if (parent < 0)
		return -1;
	if (contents_only && fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	return target_clear(&copy->unpack.target, parent, base, &whiteout, err);
}

static int copy_file(struct copy *copy, const struct walk_entry *source, struct tar_entry *entry, struct error *err)
{
	int fd = -1;
	const struct unpack_data data = {.write = write_from_file, .context = &fd};
	auto_close int opened = -1;
	if (entry->type == TAR_FILE) {
		opened = openat(source->parent, source->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		struct stat st;
		if (opened < 0 || fstat(opened, &st) < 0 || !S_ISREG(st.st_mode))
			return opened < 0 && errno != ENOENT ? fail_errno(err, "open %s", source->path) : 0;
		entry->size = (uint64_t)st.st_size;
		fd = opened;
	}
	return unpack_entry(&copy->unpack, &data, entry, source->path, err);
}

static int copy_entry(struct copy *copy, const struct walk_entry *source, struct error *err)
{
	const char *first = source->st.st_nlink > 1 && !S_ISDIR(source->st.st_mode)
				    ? links_find_or_add(&copy->links, &source->st, source->path)
				    : NULL;
	struct tar_entry entry = {.path = strdup(source->path)};
	bool by_name = source->directory < 0;
	int result = entry.path ? metadata_read(by_name ? source->parent : source->directory,
						by_name ? source->name : NULL, &source->st, &entry, source->path, err)
				: fail_errno(err, "copy %s", source->path);
	if (result > 0 && first) {
		free(entry.link);
		entry.type = TAR_HARDLINK;
		entry.link = strdup(first);
		result = entry.link ? 1 : fail_errno(err, "copy %s", source->path);
	}
	if (result > 0)
		result = copy_file(copy, source, &entry, err);
	tar_entry_free(&entry);
	return result < 0 ? -1 : 0;
}

static int visit(void *context, const struct walk_entry *source, struct error *err)
{
	struct copy *copy = context;
	if (copy->layers && overlay_is_whiteout(&source->st))
		return remove_lower(copy, source->path, false, err);
	if (copy->layers && source->directory >= 0 && xattr_is_opaque(source->directory) &&
	    remove_lower(copy, source->path, true, err) < 0)
		return -1;
	return copy_entry(copy, source, err);
}

static int copy_root(struct copy *copy, int from, struct error *err)
{
	struct stat st;
	if (fstat(from, &st) < 0)
		return fail_errno(err, "look at the source directory");
	struct tar_entry entry = {0};
	int result = metadata_read(from, NULL, &st, &entry, ".", err);
	if (result > 0)
		result = unpack_entry(&copy->unpack, NULL, &entry, "", err);
	tar_entry_free(&entry);
	return result;
}

/* `path` is resolved inside of it. */
static int copy_tree(struct copy *copy, const char *from_path, const char *path, struct error *err)
{
	auto_close int root = option_directory(from_path, err);
	if (root < 0)
		return -1;
	auto_close int from = open_in_root(root, path, O_RDONLY | O_DIRECTORY, 0);
	if (from < 0)
		return fail_errno(err, "open directory %s in %s", path, from_path);
	int result = copy_root(copy, from, err);
	if (result == 0)
		result = walk(from, visit, copy, err);
	links_free(&copy->links);
	return result;
}

struct copy_options {
	const char **from; /* topmost first */
	int count;
	const char *from_path, *to;
};

/* The lowest first: each one changes what those below it left. */
static int copy_all(const struct copy_options *options, bool layers, struct error *err)
{
	auto_close int to = option_directory(options->to, err);
	if (to < 0)
		return -1;
	struct copy copy = {.layers = layers};
	unpack_init(&copy.unpack, to, NULL);
	int result = 0;
	for (int i = options->count; i > 0 && result == 0; i--)
		result = copy_tree(&copy, options->from[i - 1], options->from_path, err);
	if (result == 0)
		result = unpack_finish(&copy.unpack, err);
	unpack_free(&copy.unpack);
	if (result == 0)
		puts("{}");
	return result;
}

/* --from takes all directories up to the next option, and may be repeated. */
static int parse(int argc, char **argv, struct copy_options *options, struct error *err)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--to") == 0 && i + 1 < argc) {
			options->to = argv[++i];
		} else if (strcmp(argv[i], "--from-path") == 0 && i + 1 < argc) {
			options->from_path = argv[++i];
		} else if (strcmp(argv[i], "--from") == 0) {
			while (i + 1 < argc && strncmp(argv[i + 1], "--", 2) != 0)
				options->from[options->count++] = argv[++i];
		} else {
			return error_set(err, "usage", "%s: unexpected argument: %s", argv[0], argv[i]);
		}
	}
	if (options->count == 0 || !options->to)
		return error_set(err, "usage", "%s needs --from DIR and --to DIR", argv[0]);
	return 0;
}

static int run(int argc, char **argv, bool layers, struct error *err)
{
	auto_free const char **from = calloc((size_t)argc, sizeof *from);
	struct copy_options options = {.from = from, .from_path = "."};
	if (!from)
		return fail_errno(err, "copy");
	if (parse(argc, argv, &options, err) < 0)
		return -1;
	if (!layers && options.count != 1)
		return error_set(err, "usage", "clone takes one --from DIR");
	return copy_all(&options, layers, err);
}

int copy_command(int argc, char **argv, struct error *err)
{
	return run(argc, argv, true, err);
}

int clone_command(int argc, char **argv, struct error *err)
{
	/* Into what others use: the next engine does it anew, and shall be the only one. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return run(argc, argv, false, err);
}

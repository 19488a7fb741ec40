/* diff: a container's upper directory as a layer. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "overlay.h"
#include "pack.h"
#include "path.h"
#include "report.h"
#include "xattr.h"

struct diff {
	struct pack pack;
	int *lowers; /* topmost first */
	size_t lower_count;
};

/* An empty file without a date: when something was deleted is no part of an image. */
static int put_marker(struct diff *diff, const char *directory, const char *name, struct error *err)
{
	struct tar_entry entry = {.type = TAR_FILE, .mode = 0600};
	if (asprintf(&entry.path, "%s%s%s", directory, *directory ? "/" : "", name) < 0)
		return fail_errno(err, "write the tar archive");
	int result = tar_write_header(&diff->pack.writer, &entry, err);
	tar_entry_free(&entry);
	return result;
}

static int put_whiteout(struct diff *diff, const struct walk_entry *entry, struct error *err)
{
	size_t parent_length;
	path_base(entry->path, &parent_length);
	auto_free char *parent = strndup(entry->path, parent_length);
	auto_free char *name = NULL;
	if (!parent || asprintf(&name, ".wh.%s", entry->name) < 0)
		return fail_errno(err, "write the tar archive");
	return put_marker(diff, parent, name, err);
}

static int visit(void *context, const struct walk_entry *entry, struct error *err)
{
	struct diff *diff = context;
	if (overlay_is_whiteout(&entry->st))
		return put_whiteout(diff, entry, err);
	if (pack_entry(&diff->pack, entry, entry->path, err) < 0)
		return -1;
	/* The kernel marks every new directory; only over an old one does it mean something. */
	if (entry->directory >= 0 && xattr_is_opaque(entry->directory) &&
	    (diff->lower_count == 0 || overlay_has_directory(diff->lowers, diff->lower_count, entry->path)))
		return put_marker(diff, entry->path, ".wh..wh..opq", err);
	return 0;
}

static int write_diff(struct diff *diff, const char *upper_path, struct error *err)
{
	auto_close int upper = option_directory(upper_path, err);
	if (upper < 0 || walk(upper, visit, diff, err) < 0)
		return -1;
	return tar_writer_end(&diff->pack.writer, err);
}

static int parse(int argc, char **argv, struct diff *diff, const char **upper, struct error *err)
{
	static const struct option known[] = {
		{"upper", required_argument, NULL, 'u'},
		{"lower", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
	};
	int option;
	while ((option = option_next(argc, argv, known, err)) >= 0) {
		if (option == 'u') {
			*upper = optarg;
			continue;
		}
		int fd = option_directory(optarg, err);
		if (fd < 0)
			return -1;
		diff->lowers[diff->lower_count++] = fd;
	}
	if (option == -2)
		return -1;
	return *upper ? 0 : error_set(err, "usage", "diff needs --upper DIR");
}

int diff_command(int argc, char **argv, struct error *err)
{
	const char *upper = NULL;
	struct diff diff = {.lowers = calloc((size_t)argc, sizeof(int))};
	int result = diff.lowers ? pack_init(&diff.pack, STDOUT_FILENO, err) : fail_errno(err, "write the diff");
	if (result == 0)
		result = parse(argc, argv, &diff, &upper, err);
	if (result == 0)
		result = write_diff(&diff, upper, err);
	for (size_t i = 0; i < diff.lower_count; i++)
		close(diff.lowers[i]);
	free(diff.lowers);
	pack_free(&diff.pack);
	return result;
}

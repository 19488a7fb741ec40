/* extract: an archive into a directory of a root file system, as `cp` needs it. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "file.h"
#include "report.h"
#include "sandbox.h"
#include "stream.h"
#include "unpack.h"

struct extract_options {
	const char *root, *path;
	bool change_owner, no_overwrite_dir;
	unsigned long long uid, gid;
};

static int extract_entry(struct unpack *unpack, const struct unpack_data *data, const struct tar_entry *entry,
			 struct error *err)
{
	auto_free char *path = unpack_path(unpack, entry->path, err);
	if (!path)
		return -1;
	/* The directory itself is the destination's, not the archive's. */
	if (strcmp(path, unpack->prefix) == 0)
		return entry->type == TAR_DIRECTORY
			       ? 0
			       : error_set(err, "unsafe-path", "%s would replace the target directory", entry->path);
	return unpack_entry(unpack, data, entry, path, err);
}

static int extract(const struct extract_options *options, int root, const char *prefix, unsigned long long *entries,
		   struct error *err)
{
	auto_close int directory = open_in_root(root, options->path, O_PATH | O_DIRECTORY, 0);
	if (directory < 0)
		return fail_errno(err, "open directory %s", options->path);
	struct stream_options input = {.fd = STDIN_FILENO, .offset = -1, .follow_fd = -1, .copy_fd = -1};
	struct unpack unpack;
	unpack_init(&unpack, root, NULL);
	struct stream *stream = sandbox_files(root, err) < 0 ? NULL : stream_start(&input, err);
	if (!stream) {
		unpack_free(&unpack);
		return -1;
	}
	unpack.prefix = prefix;
	unpack.keep_kinds = options->no_overwrite_dir;
	unpack.ownership.change = options->change_owner;
	unpack.ownership.uid = (uid_t)options->uid;
	unpack.ownership.gid = (gid_t)options->gid;
	int result = unpack_archive(&unpack, stream_next, stream, extract_entry, err);
	struct stream_summary summary;
	/* The writer at the other end gets no broken pipe. */
	if (result == 0)
		result = stream_finish(stream, &summary, err);
	*entries = unpack.entries;
	unpack_free(&unpack);
	stream_free(stream);
	return result;
}

static int parse_extract(int argc, char **argv, struct extract_options *options, struct error *err)
{
	static const struct option known[] = {
		{"root", required_argument, NULL, 'r'},	       {"path", required_argument, NULL, 'p'},
		{"uid", required_argument, NULL, 'u'},	       {"gid", required_argument, NULL, 'g'},
		{"no-overwrite-dir", no_argument, NULL, 'n'}, {NULL, 0, NULL, 0},
	};
	int option, result = 0;
	while (result == 0 && (option = option_next(argc, argv, known, err)) >= 0) {
		if (option == 'r')
			options->root = optarg;
		else if (option == 'p')
			options->path = optarg;
		else if (option == 'n')
			options->no_overwrite_dir = true;
		else
			result = option_number(option == 'u' ? "uid" : "gid", optarg, UINT32_MAX - 1,
					       option == 'u' ? &options->uid : &options->gid, err);
		options->change_owner = options->change_owner || option == 'u' || option == 'g';
	}
	if (result < 0 || option == -2)
		return -1;
	return options->root && options->path ? 0 : error_set(err, "usage", "extract needs --root DIR and --path PATH");
}

int extract_command(int argc, char **argv, struct error *err)
{
	struct extract_options options = {0};
	if (parse_extract(argc, argv, &options, err) < 0)
		return -1;
	auto_close int root = option_directory(options.root, err);
	if (root < 0)
		return -1;
	unsigned long long entries = 0;
	if (extract(&options, root, options.path, &entries, err) < 0)
		return -1;
	printf("{\"entries\":%llu}\n", entries);
	return 0;
}

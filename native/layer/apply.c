/* apply: verifies a layer's blob and unpacks it in overlay form. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "path.h"
#include "report.h"
#include "stream.h"
#include "unpack.h"

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_META_PREFIX ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

struct apply_options {
	const char *directory, *digest, *diff_id, *copy_to;
	const char *opaque_xattr;
	unsigned long long size;
	bool has_size;
};

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A deleted name of the layers below. What this layer itself has under the name stays, but covers them. */
static int make_whiteout(struct unpack *unpack, const char *path, struct error *err)
{
	const char *base;
	int parent = target_parent(&unpack->target, path, &base, err);
	if (parent < 0)
		return -1;
	const char *name = base + strlen(WHITEOUT_PREFIX);
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(err, "unsafe-path", "%s is a whiteout of no valid name", path);
	if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST)
		return fail_errno(err, "make the whiteout %s", path);
	auto_close int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? 0 : target_set_opaque(&unpack->target, fd, path, err);
}

static int make_opaque(struct unpack *unpack, const char *path, struct error *err)
{
	const char *base;
	int parent = target_parent(&unpack->target, path, &base, err);
	return parent < 0 ? -1 : target_set_opaque(&unpack->target, parent, path, err);
}

/* Names that AUFS keeps for itself (hard link directories and the like) mean nothing to others. */
static bool is_aufs_metadata(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
		size_t length = strcspn(p, "/");
		if (starts_with(p, WHITEOUT_META_PREFIX) &&
		    (p[length] == '/' || strcmp(p, WHITEOUT_OPAQUE) != 0))
			return true;
	}
	return false;
}

static bool is_below_whiteout(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
		if (starts_with(p, WHITEOUT_PREFIX) && strchr(p, '/'))
			return true;
	}
	return false;
}

static int apply_entry(struct unpack *unpack, struct tar_reader *reader, const struct tar_entry *entry,
		       struct error *err)
{
	auto_free char *path = unpack_path(unpack, entry->path, err);
	if (!path)
		return -1;
	size_t parent_length;
	const char *base = path_base(path, &parent_length);
	if (is_aufs_metadata(path))
		return 0;
	if (strcmp(base, WHITEOUT_OPAQUE) == 0)
		return make_opaque(unpack, path, err);
	if (is_below_whiteout(path))
		return error_set(err, "unsafe-path", "%s lies below a whiteout", path);
	if (starts_with(base, WHITEOUT_PREFIX))
		return make_whiteout(unpack, path, err);
	return unpack_entry(unpack, reader, entry, path, err);
}

static int apply_entries(struct unpack *unpack, struct stream *stream, unsigned long *entries, struct error *err)
{
	struct tar_reader reader;
	struct tar_entry entry = {0};
	tar_reader_init(&reader, stream_next, stream);
	int result;
	while ((result = tar_next(&reader, &entry, err)) > 0) {
		++*entries;
		result = apply_entry(unpack, &reader, &entry, err);
		if (result < 0)
			break;
	}
	tar_entry_free(&entry);
	tar_reader_free(&reader);
	return result < 0 ? -1 : unpack_finish(unpack, err);
}

/* The diffID covers what follows the end of the archive, too. */
static int read_rest(struct stream *stream, struct error *err)
{
	const uint8_t *data;
	size_t length;
	do {
		if (stream_next(stream, &data, &length, err) < 0)
			return -1;
	} while (length > 0);
	return 0;
}

static int check_blob(const struct apply_options *options, const struct stream_summary *summary, struct error *err)
{
	if (options->has_size && summary->size != options->size)
		return error_set(err, "size-mismatch", "the blob has %llu bytes, not the expected %llu",
				 (unsigned long long)summary->size, options->size);
	if (options->digest && strcmp(options->digest, summary->digest) != 0)
		return error_set(err, "digest-mismatch", "the blob's digest is %s, not the expected %s", summary->digest,
				 options->digest);
	return 0;
}

/* Unpacks, then checks. A blob that isn't the one asked for is reported as such, however its contents failed. */
static int apply(const struct apply_options *options, struct unpack *unpack, struct stream *stream, struct error *err)
{
	struct stream_summary summary;
	struct error late;
	unsigned long entries = 0;
	int result = apply_entries(unpack, stream, &entries, err);
	if (result == 0)
		result = read_rest(stream, err);
	if (result < 0 && strcmp(err->code, "corrupt-archive") != 0)
		return -1;
	if (stream_finish(stream, &summary, &late) < 0 && strcmp(late.code, "corrupt-archive") != 0) {
		*err = late;
		return -1;
	}
	if (check_blob(options, &summary, &late) < 0) {
		*err = late;
		return -1;
	}
	if (result < 0)
		return -1;
	if (options->diff_id && strcmp(options->diff_id, summary.diff_id) != 0)
		return error_set(err, "diffid-mismatch", "the layer's diffID is %s, not the expected %s", summary.diff_id,
				 options->diff_id);
	printf("{\"digest\":\"%s\",\"size\":%llu,\"diffID\":\"%s\",\"diffSize\":%llu,\"entries\":%lu}\n", summary.digest,
	       (unsigned long long)summary.size, summary.diff_id, (unsigned long long)summary.diff_size, entries);
	return 0;
}

static int check_digest(const char *option, const char *digest, struct error *err)
{
	if (digest && (!starts_with(digest, "sha256:") || strlen(digest) != strlen("sha256:") + 64 ||
		       strspn(digest + strlen("sha256:"), "0123456789abcdef") != 64))
		return error_set(err, "usage", "--%s needs sha256:<64 hex digits>, not %s", option, digest);
	return 0;
}

static int parse(int argc, char **argv, struct apply_options *options, struct error *err)
{
	static const struct option known[] = {
		{"dir", required_argument, NULL, 'd'},	   {"digest", required_argument, NULL, 'g'},
		{"size", required_argument, NULL, 's'},	   {"diff-id", required_argument, NULL, 'i'},
		{"xattrs", required_argument, NULL, 'x'},  {"copy-to", required_argument, NULL, 'c'},
		{NULL, 0, NULL, 0},
	};
	const char *xattrs = "user";
	int option;
	while ((option = option_next(argc, argv, known, err)) >= 0) {
		if (option == 'd')
			options->directory = optarg;
		else if (option == 'g')
			options->digest = optarg;
		else if (option == 'i')
			options->diff_id = optarg;
		else if (option == 'c')
			options->copy_to = optarg;
		else if (option == 'x')
			xattrs = optarg;
		else if (option_number("size", optarg, INT64_MAX, &options->size, err) < 0)
			return -1;
		else
			options->has_size = true;
	}
	if (option == -2)
		return -1;
	if (!options->directory)
		return error_set(err, "usage", "apply needs --dir DIR");
	if (strcmp(xattrs, "user") != 0 && strcmp(xattrs, "trusted") != 0)
		return error_set(err, "usage", "--xattrs is user or trusted, not %s", xattrs);
	options->opaque_xattr = *xattrs == 'u' ? "user.overlay.opaque" : "trusted.overlay.opaque";
	return check_digest("digest", options->digest, err) < 0 ? -1 : check_digest("diff-id", options->diff_id, err);
}

int apply_command(int argc, char **argv, struct error *err)
{
	struct apply_options options = {0};
	if (parse(argc, argv, &options, err) < 0)
		return -1;
	auto_close int root = option_directory(options.directory, err);
	if (root < 0)
		return -1;
	auto_close int copy = -1;
	if (options.copy_to) {
		copy = open(options.copy_to, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (copy < 0)
			return fail_errno(err, "make %s", options.copy_to);
	}
	struct stream_options input = {.fd = STDIN_FILENO, .copy_fd = copy, .max_size = options.size};
	struct stream *stream = stream_start(&input, err);
	if (!stream)
		return -1;
	struct unpack unpack;
	unpack_init(&unpack, root, options.opaque_xattr);
	int result = apply(&options, &unpack, stream, err);
	unpack_free(&unpack);
	stream_free(stream);
	return result;
}

/* apply: verifies a layer's blob and unpacks it in overlay form. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "blob.h"
#include "cleanup.h"
#include "commands.h"
#include "file.h"
#include "path.h"
#include "report.h"
#include "stream.h"
#include "unpack.h"

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_META_PREFIX ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

struct apply_options {
	struct blob_options blob;
	const char *directory, *copy_to;
	const char *opaque_xattr;
	long long offset;
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
	if (fd < 0)
		return 0;
	auto_free char *directory = NULL;
	if (asprintf(&directory, "%.*s%s", (int)(base - path), path, name) < 0)
		return fail_errno(err, "apply %s", path);
	return target_set_opaque(&unpack->target, fd, directory, err);
}

static int make_opaque(struct unpack *unpack, const char *path, struct error *err)
{
	const char *base;
	int parent = target_parent(&unpack->target, path, &base, err);
	return parent < 0 ? -1 : target_set_opaque(&unpack->target, parent, unpack->target.parent_path, err);
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

static int apply_entry(struct unpack *unpack, const struct unpack_data *data, const struct tar_entry *entry,
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
	return unpack_entry(unpack, data, entry, path, err);
}

static void print_paths(const char *key, const struct name_list *paths)
{
	const char *comma = "";
	printf(",\"%s\":[", key);
	for (size_t i = 0; i < paths->count; i++) {
		if (!report_is_utf8(paths->names[i]))
			continue;
		fputs(comma, stdout);
		report_string(stdout, paths->names[i]);
		comma = ",";
	}
	putchar(']');
}

/* Directories without an entry of their own, of those that are still there; the root may be one. */
static int find_implicit(struct unpack *unpack, struct error *err)
{
	struct name_list *implicit = &unpack->target.implicit;
	if (name_list_add(implicit, "") < 0)
		return fail_errno(err, "apply");
	name_list_sort(implicit);
	/* From here on without their times, which are set. */
	name_list_sort(&unpack->directories);
	name_list_subtract(implicit, &unpack->directories);
	struct name_list gone = {0};
	int result = 0;
	for (size_t i = 0; i < implicit->count && result == 0; i++) {
		const char *path = implicit->names[i];
		auto_close int fd = open_in_root(unpack->target.root, *path ? path : ".",
						 O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
		result = fd < 0 ? name_list_add(&gone, path) : 0;
	}
	name_list_subtract(implicit, &gone);
	name_list_free(&gone);
	return result == 0 ? 0 : fail_errno(err, "apply");
}

static int apply(const struct apply_options *options, struct unpack *unpack, struct stream *stream, struct error *err)
{
	struct stream_summary summary;
	int result = unpack_archive(unpack, stream_next, stream, apply_entry, err);
	if (blob_finish(stream, &options->blob, result, &summary, err) < 0 || find_implicit(unpack, err) < 0)
		return -1;
	name_list_sort(&unpack->target.opaque);
	printf("{\"digest\":\"%s\",\"size\":%llu,\"diffID\":\"%s\",\"diffSize\":%llu,\"bytes\":%llu,\"entries\":%llu,"
	       "\"compression\":\"%s\"",
	       summary.digest, (unsigned long long)summary.size, summary.diff_id, (unsigned long long)summary.diff_size,
	       unpack->bytes, unpack->entries, summary.compression);
	print_paths("implicit", &unpack->target.implicit);
	print_paths("opaque", &unpack->target.opaque);
	puts("}");
	return 0;
}

static int set_option(int option, struct apply_options *options, const char **xattrs, struct error *err)
{
	unsigned long long offset;
	switch (option) {
	case 'd':
		options->directory = optarg;
		return 0;
	case 'g':
		options->blob.digest = optarg;
		return blob_check_digest("digest", optarg, err);
	case 'i':
		options->blob.diff_id = optarg;
		return blob_check_digest("diff-id", optarg, err);
	case 'c':
		options->copy_to = optarg;
		return 0;
	case 'x':
		*xattrs = optarg;
		return 0;
	case 'o':
		if (option_number("offset", optarg, INT64_MAX / 2, &offset, err) < 0)
			return -1;
		options->offset = (long long)offset;
		return 0;
	default:
		options->blob.has_size = true;
		return option_number("size", optarg, INT64_MAX / 2, &options->blob.size, err);
	}
}

static int parse(int argc, char **argv, struct apply_options *options, struct error *err)
{
	static const struct option known[] = {
		{"dir", required_argument, NULL, 'd'},	  {"digest", required_argument, NULL, 'g'},
		{"offset", required_argument, NULL, 'o'}, {"size", required_argument, NULL, 's'},
		{"diff-id", required_argument, NULL, 'i'}, {"xattrs", required_argument, NULL, 'x'},
		{"copy-to", required_argument, NULL, 'c'}, {NULL, 0, NULL, 0},
	};
	const char *xattrs = "user";
	int option;
	while ((option = option_next(argc, argv, known, err)) >= 0) {
		if (set_option(option, options, &xattrs, err) < 0)
			return -1;
	}
	if (option == -2)
		return -1;
	if (!options->directory)
		return error_set(err, "usage", "apply needs --dir DIR");
	if (options->offset >= 0 && !options->blob.has_size)
		return error_set(err, "usage", "--offset needs --size");
	if (strcmp(xattrs, "user") != 0 && strcmp(xattrs, "trusted") != 0)
		return error_set(err, "usage", "--xattrs is user or trusted, not %s", xattrs);
	options->opaque_xattr = *xattrs == 'u' ? "user.overlay.opaque" : "trusted.overlay.opaque";
	return 0;
}

int apply_command(int argc, char **argv, struct error *err)
{
	/* A killed engine leaves no unpacking behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	struct apply_options options = {.offset = -1};
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
	struct stream_options input = {
		.fd = STDIN_FILENO, .offset = options.offset, .copy_fd = copy, .max_size = options.blob.size};
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

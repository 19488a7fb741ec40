/* apply: verifies a layer's blob and unpacks it in overlay form. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "blob.h"
#include "cleanup.h"
#include "commands.h"
#include "file.h"
#include "layer_entry.h"
#include "report.h"
#include "sandbox.h"
#include "stream.h"
#include "unpack.h"

struct apply_options {
	bool lenient; /* see struct ownership */
	struct blob_options blob;
	const char *directory, *copy_to, *follow;
	const char *opaque_xattr;
	long long offset;
};

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
	int result = unpack_archive(unpack, stream_next, stream, layer_unpack_entry, err);
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
	case 'f':
		options->follow = optarg;
		return 0;
	case 'l':
		options->lenient = true;
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
		{"copy-to", required_argument, NULL, 'c'}, {"follow", required_argument, NULL, 'f'},
		{"ignore-chown-errors", no_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
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
	if (options->follow && (options->copy_to || options->offset >= 0))
		return error_set(err, "usage", "--follow goes without --copy-to and --offset");
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
		.fd = STDIN_FILENO,
		.offset = options.offset,
		.follow_fd = -1,
		.copy_fd = copy,
		.max_size = options.blob.size,
	};
	auto_close int growing = -1;
	if (options.follow) {
		growing = open(options.follow, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (growing < 0)
			return fail_errno(err, "open %s", options.follow);
		input.fd = growing;
		input.follow_fd = STDIN_FILENO;
	}
	struct unpack unpack;
	unpack_init(&unpack, root, options.opaque_xattr);
	unpack.ownership.lenient = options.lenient;
	struct stream *stream = sandbox_files(root, err) < 0 ? NULL : stream_start(&input, err);
	int result = stream ? apply(&options, &unpack, stream, err) : -1;
	unpack_free(&unpack);
	if (stream)
		stream_free(stream);
	return result;
}

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "commands.h"
#include "layer.h"
#include "report.h"
#include "sandbox.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv, struct error *err);
} commands[] = {
	{"apply", apply_command},
	{"archive", archive_command},
	{"cat", cat_command},
	{"chown", chown_command},
	{"clone", clone_command},
	{"compress", compress_command},
	{"copy", copy_command},
	{"decompress", decompress_command},
	{"diff", diff_command},
	{"extract", extract_command},
	{"list", list_command},
	{"remove", remove_command},
	{"stat", stat_command},
	{"sync", sync_command},
	{"usage", usage_command},
};

int option_next(int argc, char **argv, const struct option *options, struct error *err)
{
	opterr = 0;
	int option = getopt_long(argc, argv, "", options, NULL);
	if (option == '?') {
		error_set(err, "usage", "%s: unknown option or missing value: %s", argv[0], argv[optind - 1]);
		return -2;
	}
	if (option < 0 && optind < argc) {
		error_set(err, "usage", "%s: unexpected argument: %s", argv[0], argv[optind]);
		return -2;
	}
	return option;
}

int option_number(const char *option, const char *text, unsigned long long max, unsigned long long *value,
		 struct error *err)
{
	char *end;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || *value > max)
		return error_set(err, "usage", "--%s needs a number up to %llu, not %s", option, max, text);
	return 0;
}

int option_directory(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : fail_errno(err, "open directory %s", path);
}

static int run(int argc, char **argv, struct error *err)
{
	for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1, err);
	}
	return error_set(err, "usage",
			 "usage: coracle-layer apply|archive|cat|chown|clone|compress|copy|decompress|diff|extract|list|remove|stat|sync|usage OPTIONS…");
}

int layer_main(int argc, char **argv)
{
	/* Modes are those of the archive; walks hold a descriptor a level; a closed pipe is an error like others. */
	umask(0);
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN);
	struct error err;
	int result = sandbox_calls(&err) < 0 ? -1 : run(argc, argv, &err);
	if (result == 0 && fflush(stdout) != 0)
		result = fail_errno(&err, "write to standard output");
	if (result < 0)
		report_error(&err);
	return result < 0 ? 1 : 0;
}

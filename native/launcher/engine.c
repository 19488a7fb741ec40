#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

/* Descriptors from 3 on may belong to the container (--preserve-fds, LISTEN_FDS): ours stays away from them. */
#define OWN_FD_MIN 200

static int set_number(const char *name, unsigned long value)
{
	char text[24];
	snprintf(text, sizeof text, "%lu", value);
	return setenv(name, text, 1);
}

/* The descriptor has to outlive exec. */
static int pass_descriptor(const char *name, int descriptor)
{
	if (descriptor < 0)
		return unsetenv(name);
	int fd = fcntl(descriptor, F_DUPFD, OWN_FD_MIN);
	if (fd < 0)
		fd = fcntl(descriptor, F_DUPFD, 3);
	return fd < 0 ? -1 : set_number(name, (unsigned long)fd);
}

static int set_environment(const struct engine_environment *environment, const char *bin)
{
	/* These would make the compiled engine behave as the bare interpreter, or read options of the user's own projects. */
	const char *const foreign[] = {"BUN_BE_BUN", "BUN_OPTIONS", "NODE_OPTIONS", "CORACLE_ENTER", "BUN_JSC_useJIT"};
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		unsetenv(foreign[i]);
	/* Getting ready to compile costs more than a short command could gain: a quarter of its start-up. */
	if (!environment->compile && setenv("BUN_JSC_useJIT", "0", 1) < 0)
		return -1;
	if (setenv("CORACLE_NS", environment->ns, 1) < 0 || setenv("CORACLE_RUN", environment->run, 1) < 0 ||
	    setenv("CORACLE_BIN", bin, 1) < 0)
		return -1;
	if (strcmp(environment->name, "coracle") == 0 ? unsetenv("CORACLE_NAME") < 0
						      : setenv("CORACLE_NAME", environment->name, 1) < 0)
		return -1;
	if (set_number("CORACLE_UID", environment->uid) < 0 || set_number("CORACLE_GID", environment->gid) < 0)
		return -1;
	if (pass_descriptor("CORACLE_OUTSIDE_FD", environment->outside) < 0)
		return -1;
	return pass_descriptor("CORACLE_ALIVE_FD", environment->alive);
}

/* PREFIX/bin/coracle → PREFIX/bin and PREFIX/dist. */
static int find_directories(char bin[PATH_MAX], char lib[PATH_MAX], struct error *err)
{
	ssize_t n = readlink("/proc/self/exe", bin, PATH_MAX - 1);
	if (n < 0)
		return error_errno(err, "internal", "read /proc/self/exe: /proc must be mounted");
	bin[n] = '\0';
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(bin, '/');
		if (!slash)
			return error_set(err, "internal", "the launcher has no place in the file system: %s", bin);
		*slash = '\0';
		if (i == 0)
			snprintf(lib, PATH_MAX, "%s", bin);
	}
	char prefix[PATH_MAX];
	snprintf(prefix, sizeof prefix, "%s", bin);
	snprintf(bin, PATH_MAX, "%s", lib);
	if ((size_t)snprintf(lib, PATH_MAX, "%.*s/dist", PATH_MAX - 8, prefix) >= PATH_MAX)
		return error_set(err, "internal", "the path of the installation is too long");
	return 0;
}

static int exec_with_node(const char *lib, char **argv, struct error *err)
{
	char script[PATH_MAX + 16];
	snprintf(script, sizeof script, "%s/engine.cjs", lib);
	if (access(script, R_OK) < 0)
		return error_errno(err, "internal", "the engine is missing: neither %s/engine nor %s can be run; build it with "
				   "`npm run build`, or install it anew", lib, script);
	size_t argc = 0;
	while (argv[argc])
		argc++;
	auto_free char **longer = calloc(argc + 3, sizeof *longer);
	if (!longer)
		return error_errno(err, "internal", "start the engine");
	longer[0] = (char *)"node";
	/* Node looks for its own --env-file among all arguments, also behind the script. */
	longer[1] = (char *)"--";
	longer[2] = script;
	memcpy(longer + 3, argv + 1, argc * sizeof *longer);
	execvp("node", longer);
	return error_errno(err, "internal", "start node for %s (Node.js 22 or later must be on the PATH)", script);
}

int engine_exec(const struct engine_environment *environment, char **argv, struct error *err)
{
	char bin[PATH_MAX], lib[PATH_MAX], engine[PATH_MAX + 16];
	if (find_directories(bin, lib, err) < 0)
		return -1;
	if (set_environment(environment, bin) < 0)
		return error_errno(err, "internal", "set the engine's environment");
	snprintf(engine, sizeof engine, "%s/engine", lib);
	execv(engine, argv);
	if (errno != ENOENT)
		return error_errno(err, "internal", "start the engine %s", engine);
	return exec_with_node(lib, argv, err);
}

/* `coracle`: enters the user's namespace and becomes the engine. PROTOCOL.md §1. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "command_line.h"
#include "descriptors.h"
#include "engine.h"
#include "file.h"
#include "inherited.h"
#include "outside.h"
#include "run_directory.h"
#include "user_namespace.h"

#define FULL_MAPPING 4294967295U
#define ADDRESS_SPACE_MIN (384UL << 20)

static bool has_sys_admin(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1U << CAP_SYS_ADMIN)) != 0;
}

static bool in_initial_namespace(void)
{
	auto_free char *text = read_file_at(AT_FDCWD, "/proc/self/uid_map", 65536, NULL);
	unsigned inside, outside, count;
	return text && sscanf(text, "%u %u %u", &inside, &outside, &count) == 3 && count == FULL_MAPPING;
}

static int private_mount_namespace(struct error *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return error_errno(err, "internal", "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_errno(err, "internal", "make the mounts private");
	return 0;
}

/* For uid 0 in a user namespace that was there: our own, entered by a command above us, or somebody else's. */
static void use_present_namespace(const struct run_directory *run, struct engine_environment *environment)
{
	environment->ns = "inside";
	if (!user_namespace_rejoin(run, &environment->alive))
		return;
	environment->ns = user_namespace_mapping("uid_map", &environment->uid) ? "shared" : "single";
	user_namespace_mapping("gid_map", &environment->gid);
}

/* An ordinary user has no mounts to work on: that needs root's rights, which `coracle unshare` gives. */
static bool enters(enum command_kind kind, bool root)
{
	return getenv("CORACLE_ENTER") || kind == COMMAND_ENTERS || (kind == COMMAND_MOUNTS && root);
}

static int enter_namespaces(const struct caller *caller, const struct run_directory *run, bool root, bool real_root,
			    struct engine_environment *environment, struct error *err)
{
	if (real_root) {
		environment->ns = "root";
	} else if (root) {
		use_present_namespace(run, environment);
	} else {
		if (command_publishes(caller->argc, caller->argv) && (environment->outside = outside_open(err)) < 0)
			return -1;
		if (user_namespace_enter(caller, run, &environment->alive, err) < 0)
			return -1;
		unsigned ignored;
		environment->ns = user_namespace_mapping("uid_map", &ignored) ? "shared" : "single";
	}
	return 0;
}

/* Relative paths on the command line would mean nothing, and the engine's JavaScript runtime doesn't start without. */
static int check_working_directory(struct error *err)
{
	char path[PATH_MAX];
	if (!getcwd(path, sizeof path) && errno == ENOENT)
		return error_set(err, "usage", "the working directory was deleted; change to one that exists");
	return 0;
}

/* With less the engine's JavaScript runtime aborts, in words of its own. */
static int check_address_space(struct error *err)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < ADDRESS_SPACE_MIN)
		return error_set(err, "internal", "too little address space: raise `ulimit -v`, which is %lu, to %lu or more",
				 (unsigned long)limit.rlim_cur / 1024, ADDRESS_SPACE_MIN / 1024);
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static int launch(int argc, char **argv, struct error *err)
{
	if (descriptors_fill_standard() < 0)
		return error_errno(err, "internal", "open /dev/null for a closed standard descriptor");
	if (check_working_directory(err) < 0 || check_address_space(err) < 0)
		return -1;
	if (access("/proc/self/ns/user", F_OK) < 0)
		return error_errno(err, "internal", "/proc is not usable, and nothing works without it; mount it first");
	struct caller caller = {.uid = geteuid(), .gid = getegid(), .argc = argc, .argv = argv};
	bool root = caller.uid == 0 && has_sys_admin();
	bool real_root = root && in_initial_namespace();
	struct run_directory run;
	if (run_directory_open(&run, caller.uid, real_root, err) < 0)
		return -1;
	auto_close int run_fd = run.fd;
	struct engine_environment environment = {
		.ns = "none", .run = run.path, .name = base_name(argv[0]), .uid = caller.uid, .gid = caller.gid, .alive = -1,
		.outside = -1, .compile = command_is_long(argc, argv)};
	enum command_kind kind = command_kind(argc, argv);
	if (enters(kind, root) && (enter_namespaces(&caller, &run, root, real_root, &environment, err) < 0 ||
				   (kind != COMMAND_MOUNTS && private_mount_namespace(err) < 0)))
		return -1;
	return engine_exec(&environment, argv, err);
}

int launcher_main(int argc, char **argv)
{
	if (argc < 1)
		return 125;
	if (command_kind(argc, argv) == COMMAND_VERSION) {
		/* As Podman, by the name that it is called by: scripts read it. */
		printf("%s version " CORACLE_VERSION "\n", base_name(argv[0]));
		if (fflush(stdout) == 0)
			return 0;
		fprintf(stderr, "Error: write /dev/stdout: %s\n", strerror(errno));
		return 125;
	}
	struct error err;
	inherited_note(argc, argv);
	launch(argc, argv, &err);
	fprintf(stderr, "Error: %s%s\n", err.message,
		err.errnum == EAGAIN ? "; too many processes: raise `ulimit -u` or the cgroup's pids.max" : "");
	return err.exit_code;
}

/* As systemd calls it: the engine's hidden command, with the same arguments. */
int launcher_generator_main(int argc, char **argv)
{
	auto_free char **longer = calloc((size_t)argc + 2, sizeof *longer);
	if (!longer)
		return 125;
	longer[0] = (char *)"coracle";
	longer[1] = (char *)"__quadlet-generator";
	memcpy(longer + 2, argv + 1, (size_t)argc * sizeof *longer);
	return launcher_main(argc + 1, longer);
}

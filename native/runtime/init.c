#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "console.h"
#include "descriptors.h"
#include "execute.h"
#include "gate.h"
#include "hooks.h"
#include "limits.h"
#include "mount.h"
#include "namespaces.h"
#include "path.h"
#include "procfs.h"
#include "rootfs.h"
#include "seccomp_notify.h"
#include "signals.h"
#include "sync.h"
#include "sysctl.h"

#define FIRST_PRIVATE_FD 3
#define KEY_POSSESSOR_ALL 0x3f000000UL /* keyctl_setperm(3) */

int init_session(struct error *err)
{
	signals_reset();
	/* The caller's would decide who may enter the mount points that we make. */
	umask(0022);
	if (setsid() < 0 && errno != EPERM)
		return error_errno(err, "runtime-failed", "make a session");
	return 0;
}

int init_stdio(const int stdio[3], struct error *err)
{
	int copies[3] = {-1, -1, -1};
	for (int i = 0; i < 3; i++) {
		copies[i] = fcntl(stdio[i], F_DUPFD_CLOEXEC, FIRST_PRIVATE_FD);
		if (copies[i] < 0)
			return error_errno(err, "runtime-failed", "keep standard descriptor %d", i);
	}
	for (int i = 0; i < 3; i++) {
		if (dup2(copies[i], i) < 0)
			return error_errno(err, "runtime-failed", "connect standard descriptor %d", i);
		close(copies[i]);
	}
	return 0;
}

static bool is_null(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

int init_own_null(int root, struct error *err)
{
	auto_close int own = -1;
	for (int fd = 0; fd < 3; fd++) {
		if (!is_null(fd))
			continue;
		if (own < 0) {
			auto_close int checked = path_open_no_symlinks(root, "/dev/null", O_PATH);
			if (checked < 0 || !is_null(checked))
				return 0; /* a container without one */
			own = path_open_no_symlinks(root, "/dev/null", O_RDWR);
		}
		if (own < 0 || dup2(own, fd) < 0)
			return error_errno(err, "runtime-failed", "connect standard descriptor %d with /dev/null", fd);
	}
	return 0;
}

unsigned init_first_id(int proc, int pid, const char *map)
{
	char path[32];
	unsigned id = 0;
	snprintf(path, sizeof path, "%d/%s", pid, map);
	auto_close int fd = procfs_open(proc, path, O_RDONLY);
	auto_fclose FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	if (file)
		(void)steal_fd(&fd);
	return file && fscanf(file, "%u", &id) == 1 ? id : 0;
}

int init_become_root(uid_t first_uid, gid_t first_gid, struct error *err)
{
	int rc = setresgid(0, 0, 0);
	if (rc < 0 && errno == EINVAL)
		rc = setresgid(first_gid, first_gid, first_gid);
	if (rc == 0)
		rc = setresuid(0, 0, 0);
	if (rc < 0 && errno == EINVAL)
		rc = setresuid(first_uid, first_uid, first_uid);
	if (rc < 0)
		return error_errno(err, "runtime-failed", "become root of the user namespace");
	/* Changed credentials do not change this, but being seen to be strict costs nothing. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_errno(err, "runtime-failed", "deny inspection of the runtime");
	return 0;
}

int init_keyring(struct error *err)
{
	/* Without a name: by one it would be that which somebody has made before. */
	long ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	if (ring < 0 && errno == ENOSYS)
		return 0;
	/* For who has it alone: the user's other containers are of the same user. */
	if (ring < 0 || syscall(SYS_keyctl, KEYCTL_SETPERM, ring, KEY_POSSESSOR_ALL) < 0)
		return error_errno(err, "runtime-failed", "make a session keyring (see --no-new-keyring)");
	return 0;
}

static int become_root(const struct container *container, struct error *err)
{
	const struct spec *spec = &container->spec;
	int self = procfs_self(container->proc);
	uid_t uid = spec->uids.count ? spec->uids.items[0].container_id : init_first_id(container->proc, self, "uid_map");
	gid_t gid = spec->gids.count ? spec->gids.items[0].container_id : init_first_id(container->proc, self, "gid_map");
	return init_become_root(uid, gid, err);
}

static int enter_namespaces(struct container *container, struct error *err)
{
	const struct namespace_spec *ns = container->spec.namespaces;
	if (ns[NS_USER].use == NS_NEW && sync_request(container->sync, SYNC_MAP_IDS, err) < 0)
		return -1;
	/* Opened anew: the caller's descriptor leads into its mount namespace, whose mounts can't be cloned here. */
	close(container->bundle);
	container->bundle = open(container->state.bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (container->bundle < 0)
		return error_errno(err, "bad-config", "open the bundle %s", container->state.bundle);
	if (mounts_open_sources(container, err) < 0 || rootfs_open(container, err) < 0)
		return -1;
	/* Before we can't be inspected: files of /proc that say so belong to the host's root. */
	if (namespaces_make_time(&container->spec, err) < 0 ||
	    (ns[NS_USER].use != NS_HOST && become_root(container, err) < 0))
		return -1;
	if (namespaces_unshare_late(&container->spec, err) < 0 || namespaces_set_names(&container->spec, err) < 0)
		return -1;
	return ns[NS_NETWORK].use == NS_NEW ? namespaces_loopback_up(err) : 0;
}

static int make_console(struct container *container, int *slave, struct error *err)
{
	const struct process_spec *process = &container->spec.process;
	*slave = -1;
	if (!process->terminal && init_stdio(container->options->stdio, err) < 0)
		return -1;
	if (!process->terminal)
		return init_own_null(container->root, err);
	*slave = console_open(container->root, container->options->console_socket, process, err);
	return *slave < 0 ? -1 : console_bind(container->root, *slave, err);
}

/* While mounts can still be written to that are to be read-only. Why there is none is told when it is entered. */
static void make_working_directory(const struct container *container)
{
	int fd = path_open_or_make(container->root, container->spec.process.cwd, true);
	if (fd >= 0)
		close(fd);
}

static int run_creation_hooks(struct container *container, struct error *err)
{
	json_t *hooks = container->spec.hooks;
	if ((hooks_any(hooks, "prestart") || hooks_any(hooks, "createRuntime")) &&
	    sync_request(container->sync, SYNC_HOOKS, err) < 0)
		return -1;
	container->state.init.pid = getpid();
	return hooks_run(hooks, "createContainer", container->state_dir, &container->state, "creating", err);
}

static int drop_descriptors(const struct container *container, struct error *err)
{
	const struct runtime_options *options = container->options;
	const int fixed[] = {options->stdio[0],	 options->stdio[1],	options->stdio[2], options->console_socket,
			     container->state_dir, container->bundle, container->gate,	   container->sync,
			     container->devices};
	const size_t fixed_count = sizeof fixed / sizeof *fixed;
	auto_free int *keep = calloc(fixed_count + container->spec.mount_count, sizeof *keep);
	if (!keep)
		return error_errno(err, "runtime-failed", "close inherited descriptors");
	memcpy(keep, fixed, sizeof fixed);
	for (size_t i = 0; i < container->spec.mount_count; i++)
		keep[fixed_count + i] = container->spec.mounts[i].mapped_fd;
	if (descriptors_keep(3 + (int)options->preserve_fds, keep, fixed_count + container->spec.mount_count) < 0)
		return error_errno(err, "runtime-failed", "close inherited descriptors");
	return 0;
}

static int set_up(struct container *container, struct execution *execution, struct error *err)
{
	int slave;
	const struct runtime_options *options = container->options;
	limits_reset_affinity();
	if (drop_descriptors(container, err) < 0 || init_session(err) < 0 ||
	    (!options->no_new_keyring && init_keyring(err) < 0) || enter_namespaces(container, err) < 0 ||
	    seccomp_notify_connect(&container->seccomp, &execution->notify, err) < 0)
		return -1;
	if (mounts_make(container, err) < 0 || devices_make(container, err) < 0 ||
	    make_console(container, &slave, err) < 0)
		return -1;
	make_working_directory(container);
	if (mounts_seal(container, err) < 0 || sysctl_apply(&container->spec, container->proc, err) < 0 ||
	    masks_apply(container, err) < 0 || run_creation_hooks(container, err) < 0 || rootfs_enter(container, err) < 0)
		return -1;
	if (slave >= 0 && console_take(slave, err) < 0)
		return -1;
	/* Now the image's paths are followed: through /proc/self/fd they must find no directory of the host. */
	close(steal_fd(&container->bundle));
	execution->proc = container->proc;
	execution->no_groups = execute_groups_denied(container->proc, procfs_self(container->proc));
	if (execution->notify >= 0) {
		int pid = procfs_self(container->proc);
		pid_t own = container->state.init.pid;
		container->state.init.pid = pid;
		execution->notify_state = seccomp_notify_describe(&container->seccomp, &container->state, pid, "creating", err);
		/* Hooks in the container have it as it is there. */
		container->state.init.pid = own;
		if (!execution->notify_state)
			return -1;
	}
	return execute_prepare(execution, err);
}

/* With a monitor, the container ends with it. Changed credentials clear the setting, so it comes after them. */
static int die_with_starter(int connection, struct error *err)
{
	char byte;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_errno(err, "runtime-failed", "tie the container to its monitor");
	if (recv(connection, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0)
		return error_set(err, "runtime-failed", "the monitor is gone");
	return 0;
}

static int run(struct container *container, struct execution *execution, int connection, struct error *err)
{
	const struct state *state = &container->state;
	/* The image's programs, which may be no more than its own process. */
	const struct hook_place place = {execute_as_program, execution, execution->env};
	if (hooks_run_inside(container->spec.hooks, "startContainer", container->state_dir, state, "created", &place,
			     err) < 0)
		return -1;
	close(steal_fd(&container->state_dir));
	if (execute_credentials(execution, err) < 0)
		return -1;
	if (container->options->start_socket >= 0 && die_with_starter(connection, err) < 0)
		return -1;
	return execute_program(execution, err);
}

_Noreturn void init_main(struct container *container)
{
	struct error err = {.exit_code = 125};
	struct execution execution = {
		.process = &container->spec.process,
		.seccomp = &container->seccomp,
		.preserve_fds = container->options->preserve_fds,
		.listen_fds = container->options->listen_fds,
		.notify = -1,
		.keep_groups = container->spec.keep_groups,
		.has_personality = container->spec.has_personality,
		.personality = container->spec.personality,
		.memory_policy = container->spec.memory_policy,
	};
	int report = container->sync;
	if (set_up(container, &execution, &err) == 0 && sync_send(container->sync, SYNC_READY) == 0) {
		close(container->sync);
		bool listening = container->options->start_socket < 0;
		report = gate_wait(container->gate, listening, container->state_dir, &err);
		if (report >= 0)
			run(container, &execution, report, &err);
	}
	if (report >= 0)
		sync_send_error(report, &err);
	_exit(err.exit_code);
}

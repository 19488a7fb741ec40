/* runtime_exec: one more process in a running container. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apparmor.h"
#include "cgroup.h"
#include "cleanup.h"
#include "console.h"
#include "container.h"
#include "descriptors.h"
#include "execute.h"
#include "file.h"
#include "init.h"
#include "json.h"
#include "limits.h"
#include "rootfs.h"
#include "seccomp_notify.h"
#include "sync.h"

struct session {
	const struct runtime_options *options;
	struct spec spec;   /* of the container */
	struct state state;
	json_t *json;
	struct process_spec process;
	struct seccomp_program seccomp;
	int namespaces; /* CLONE_NEW* in which the container differs from us */
	int target;     /* pidfd of init */
	int cgroup, sync;
	int proc; /* the host's */
	bool no_groups;
	uid_t first_uid; /* of the container's user namespace, where that has no root */
	gid_t first_gid;
	int notify; /* connected to the seccomp agent, or -1 */
	int root; /* of the container, where that isn't the one of its mount namespace; else -1 */
};

/* Also one that is only created: its namespaces and its root are there. */
static int check_running(int directory, const struct state *state, bool ignore_paused, struct error *err)
{
	switch (state_status(directory, state)) {
	case STATUS_CREATED:
	case STATUS_RUNNING:
		return 0;
	case STATUS_CREATING: /* its root may still be the host's */
		return error_set(err, "container-not-running", "container `%s` is still being created", state->id);
	case STATUS_PAUSED:
		if (ignore_paused)
			return 0;
		return error_set(err, "container-paused", "container `%s` is paused: resume it first", state->id);
	default:
		return error_set(err, "container-not-running", "container `%s` is not running", state->id);
	}
}

/* Joining the user namespace that one is in already is an error, so only those that differ are joined. */
static int compare_namespaces(pid_t pid, int *flags, struct error *err)
{
	*flags = 0;
	for (int kind = 0; kind < NS_KINDS; kind++) {
		char path[64];
		struct stat ours, theirs;
		snprintf(path, sizeof path, "/proc/self/ns/%s", namespace_kinds[kind].proc_name);
		if (stat(path, &ours) < 0)
			continue; /* a kind this kernel doesn't have */
		snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, namespace_kinds[kind].proc_name);
		if (stat(path, &theirs) < 0)
			return error_errno(err, "runtime-failed", "inspect the %s namespace of the container",
					   namespace_kinds[kind].name);
		if (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev)
			*flags |= namespace_kinds[kind].clone_flag;
	}
	return 0;
}

/* By the process, whose root is what it is chrooted to, and which must still be the one that we know then. */
static int open_root(struct session *session, struct error *err)
{
	char path[32];
	snprintf(path, sizeof path, "%d/root", (int)session->state.init.pid);
	session->root = openat(session->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (session->root < 0)
		return error_errno(err, "runtime-failed", "open the root of container `%s`", session->options->id);
	if (syscall(SYS_pidfd_send_signal, session->target, 0, NULL, 0) < 0)
		return error_set(err, "container-not-running", "container `%s` is not running", session->options->id);
	return 0;
}

/* What the process says nothing of is as the container's own has it. */
static void inherit(struct session *session)
{
	struct process_spec *process = &session->process, *own = &session->spec.process;
	if (!json_object_get(session->json, "capabilities"))
		memcpy(process->capabilities, own->capabilities, sizeof process->capabilities);
	if (!json_object_get(session->json, "rlimits")) {
		free(process->rlimits);
		process->rlimits = steal_ptr(&own->rlimits);
		process->rlimit_count = own->rlimit_count;
		own->rlimit_count = 0;
	}
	if (!process->apparmor_profile)
		process->apparmor_profile = own->apparmor_profile;
	if (!process->io_priority)
		process->io_priority = own->io_priority;
	if (!process->scheduler)
		process->scheduler = own->scheduler;
}

/* Below the container's, wherever links lead. */
static int enter_sub_cgroup(struct session *session, struct error *err)
{
	const char *path = session->options->sub_cgroup;
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	if (!path)
		return 0;
	path += strspn(path, "/");
	if (session->cgroup < 0)
		return error_set(err, "runtime-failed", "container `%s` has no cgroup", session->options->id);
	int fd = (int)syscall(SYS_openat2, session->cgroup, *path ? path : ".", &how, sizeof how);
	if (fd < 0)
		return error_errno(err, "runtime-failed", "open cgroup `%s` below that of container `%s`", path,
				   session->options->id);
	close(session->cgroup);
	session->cgroup = fd;
	return 0;
}

static int load(struct session *session, const char *process, struct error *err)
{
	const struct runtime_options *options = session->options;
	auto_close int directory = state_open_directory(options->root, options->id, err);
	if (directory < 0 || state_load(directory, &session->state, err) < 0 ||
	    check_running(directory, &session->state, options->ignore_paused, err) < 0 ||
	    spec_load(directory, "config.json", &session->spec, err) < 0)
		return -1;
	session->json = json_parse(process, strlen(process), "process", err);
	if (!session->json || spec_read_process(session->json, &session->process, err) < 0)
		return -1;
	inherit(session);
	process_spec_warn(&session->process);
	auto_close int root = state_open_root(options->root, err);
	if (root < 0 || seccomp_prepare(session->spec.seccomp, root, &session->seccomp, err) < 0)
		return -1;
	if (seccomp_notify_connect(&session->seccomp, &session->notify, err) < 0)
		return -1;
	session->target = process_open(&session->state.init);
	if (session->target < 0)
		return error_set(err, "container-not-running", "container `%s` is not running", options->id);
	if (session->state.cgroup && (session->cgroup = cgroup_open(session->state.cgroup)) < 0)
		return error_errno(err, "runtime-failed", "open cgroup %s", session->state.cgroup);
	if (enter_sub_cgroup(session, err) < 0)
		return -1;
	session->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (session->proc < 0)
		return error_errno(err, "runtime-failed", "open /proc");
	if (session->spec.namespaces[NS_MOUNT].use == NS_HOST && open_root(session, err) < 0)
		return -1;
	session->no_groups = execute_groups_denied(session->proc, session->state.init.pid);
	if (compare_namespaces(session->state.init.pid, &session->namespaces, err) < 0)
		return -1;
	if (session->namespaces & CLONE_NEWUSER) {
		session->first_uid = init_first_id(session->proc, session->state.init.pid, "uid_map");
		session->first_gid = init_first_id(session->proc, session->state.init.pid, "gid_map");
	}
	return 0;
}

/* `pid`: ours, outside. */
static int set_up(struct session *session, struct execution *execution, pid_t pid, struct error *err)
{
	const struct process_spec *process = &session->process;
	const struct runtime_options *options = session->options;
	limits_reset_affinity();
	if (init_session(err) < 0 || limits_set_affinity(process->final_cpus, err) < 0)
		return -1;
	if (!session->state.callers_keyring && init_keyring(err) < 0)
		return -1;
	if ((session->namespaces & CLONE_NEWUSER) && init_become_root(session->first_uid, session->first_gid, err) < 0)
		return -1;
	if (session->root >= 0) {
		if (rootfs_chroot(session->root, err) < 0)
			return -1;
		close(steal_fd(&session->root));
	}
	auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_errno(err, "runtime-failed", "open the root of container `%s`", options->id);
	if (process->terminal) {
		int slave = console_open(root, options->console_socket, process, err);
		if (slave < 0 || console_take(slave, err) < 0)
			return -1;
	} else if (init_stdio(options->stdio, err) < 0 || init_own_null(root, err) < 0) {
		return -1;
	}
	close(steal_fd(&root));
	if (execution->notify >= 0) {
		execution->notify_state =
			seccomp_notify_describe(&session->seccomp, &session->state, pid, "running", err);
		if (!execution->notify_state)
			return -1;
	}
	return execute_prepare(execution, err);
}

static _Noreturn void process_main(struct session *session)
{
	struct error err = {.exit_code = 125};
	struct execution execution = {
		.process = &session->process,
		.seccomp = &session->seccomp,
		.preserve_fds = session->options->preserve_fds,
		.listen_fds = session->options->listen_fds,
		.proc = session->proc,
		.no_groups = session->no_groups,
		.notify = session->notify,
		.keep_groups = session->spec.keep_groups,
		.has_personality = session->spec.has_personality,
		.personality = session->spec.personality,
		.memory_policy = session->spec.memory_policy,
	};
	struct sync_message message;
	/* The caller sets the OOM score from outside before we go on. */
	if (sync_receive(session->sync, &message) <= 0 || message.type != SYNC_GO)
		_exit(125);
	if (set_up(session, &execution, message.pid, &err) == 0 && execute_credentials(&execution, &err) == 0)
		execute_program(&execution, &err);
	sync_send_error(session->sync, &err);
	_exit(err.exit_code);
}

/*
 * A container that may trace sees descriptors and environment of a process that joins it from its first moment on: nothing
 * may lead to the host, and what is the caller's is not for it either.
 */
static int forget_caller(struct session *session, struct error *err)
{
	const struct runtime_options *options = session->options;
	if (!apparmor_is_wanted(session->process.apparmor_profile))
		session->proc = -1;
	for (char **variable = environ; *variable; variable++)
		memset(*variable, 0, strlen(*variable));
	int keep[] = {options->stdio[0], options->stdio[1], options->stdio[2], options->console_socket, session->proc,
		      session->sync, session->root, session->target, session->notify};
	if (descriptors_keep(3 + (int)options->preserve_fds, keep, sizeof keep / sizeof *keep) < 0)
		return error_errno(err, "runtime-failed", "close inherited descriptors");
	return 0;
}

static int join(const struct session *session, struct error *err)
{
	if (session->namespaces && setns(session->target, session->namespaces) < 0) {
		if (errno == ESRCH)
			return error_set(err, "container-not-running", "container `%s` is not running", session->state.id);
		return error_errno(err, "runtime-failed", "join the namespaces of container `%s`", session->state.id);
	}
	close(session->target);
	return 0;
}

/* Joins everything at once through the pidfd; the pid namespace is entered last, by the clone. */
static _Noreturn void stage_main(struct session *session)
{
	struct error err = {.exit_code = 125};
	struct clone_args args = {.flags = CLONE_PARENT};
	const struct process_spec *process = &session->process;
	if (forget_caller(session, &err) == 0 && limits_set_affinity(process->initial_cpus, &err) == 0 &&
	    join(session, &err) == 0) {
		pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
		if (pid == 0)
			process_main(session);
		if (pid > 0 && sync_send_pid(session->sync, pid) == 0)
			_exit(0);
		error_errno(&err, "runtime-failed", "make a process in container `%s`", session->state.id);
	}
	sync_send_error(session->sync, &err);
	_exit(125);
}

static int receive(int sync, enum sync_type expected, pid_t *pid, struct error *err)
{
	struct sync_message message;
	int rc = sync_receive(sync, &message);
	if (rc < 0)
		return error_errno(err, "runtime-failed", "hear from the new process");
	if (rc > 0 && message.type == SYNC_ERROR) {
		*err = message.error;
		return -1;
	}
	if (rc > 0 && message.type == expected) {
		*pid = message.pid;
		return 0;
	}
	return error_set(err, "runtime-failed", "the new process ended unexpectedly");
}

static int finish(struct session *session, int sync, pid_t pid, struct error *err)
{
	const struct process_spec *process = &session->process;
	struct sync_message message;
	if (process->has_oom_score_adj && limits_set_oom_score(pid, process->oom_score_adj, err) < 0)
		return -1;
	limits_allow(pid, process);
	if (session->options->made)
		session->options->made(pid);
	if (sync_send_go(sync, pid) < 0)
		return error_errno(err, "runtime-failed", "start the new process");
	int rc = sync_receive(sync, &message);
	if (rc == 0)
		return 0;
	if (rc > 0 && message.type == SYNC_ERROR)
		*err = message.error;
	else
		error_set(err, "runtime-failed", "unexpected answer of the new process");
	return -1;
}

static pid_t clone_stage(const struct session *session)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	if (session->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)session->cgroup;
	}
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid >= 0 || errno != EBUSY || session->options->sub_cgroup)
		return pid;
	/* A container that runs systemd hands its controllers on and has no processes in its own cgroup any more. */
	auto_free char *directory = cgroup_path_of(session->state.init.pid);
	auto_close int cgroup = directory ? cgroup_open(directory) : -1;
	if (cgroup < 0)
		return -1;
	args.cgroup = (uint64_t)cgroup;
	return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

static int spawn(struct session *session, pid_t *pid, struct error *err)
{
	auto_close int ours = -1, theirs = -1;
	if (sync_pair(&ours, &theirs) < 0)
		return error_errno(err, "runtime-failed", "make a socket pair");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_errno(err, "runtime-failed", "deny inspection of the runtime");
	session->sync = theirs;
	pid_t stage = clone_stage(session);
	if (stage == 0) {
		close(ours);
		stage_main(session);
	}
	if (stage < 0)
		return error_errno(err, "runtime-failed", "make a process in the cgroup of container `%s`",
				   session->state.id);
	close(steal_fd(&theirs));
	int rc = receive(ours, SYNC_PID, pid, err);
	while (waitpid(stage, NULL, 0) < 0 && errno == EINTR)
		;
	if (rc == 0 && finish(session, ours, *pid, err) < 0) {
		kill(*pid, SIGKILL);
		while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
			;
		rc = -1;
	}
	return rc;
}

int runtime_exec(const struct runtime_options *options, const char *process, pid_t *pid, struct error *err)
{
	struct session session = {.options = options, .target = -1, .cgroup = -1, .proc = -1, .root = -1,
				  .notify = -1};
	*pid = -1;
	int rc = load(&session, process, err);
	if (rc == 0)
		rc = spawn(&session, pid, err);
	if (rc < 0)
		*pid = -1;
	const int fds[] = {session.target, session.cgroup, session.proc, session.root, session.notify};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	seccomp_free(&session.seccomp);
	process_spec_free(&session.process);
	json_decref(session.json);
	state_free(&session.state);
	spec_free(&session.spec);
	return rc;
}

/* runtime_create: everything up to the start. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "cgroup_owner.h"
#include "cgroup_systemd.h"
#include "cleanup.h"
#include "container.h"
#include "file.h"
#include "gate.h"
#include "hooks.h"
#include "idmap.h"
#include "init.h"
#include "json.h"
#include "limits.h"
#include "mempolicy.h"
#include "mount.h"
#include "namespaces.h"
#include "netdevices.h"
#include "rootfs.h"
#include "sync.h"
#include "sysctl.h"
#include "timestamp.h"

static const char *config_file(const struct runtime_options *options)
{
	return options->config ? options->config : "config.json";
}

static int check_support(const struct container *container, struct error *err)
{
	const struct spec *spec = &container->spec;
	if (!spec->has_process)
		return error_set(err, "bad-config", "config.json: `process` is missing");
	if (spec->process.terminal && container->options->console_socket < 0)
		return error_set(err, "bad-config", "process.terminal is set: pass --console-socket");
	if (!spec->process.terminal && container->options->console_socket >= 0 && !container->options->console_offered)
		return error_set(err, "bad-config", "--console-socket is given but process.terminal is not set");
	process_spec_warn(&spec->process);
	if (memory_policy_check(spec->memory_policy, err) < 0 || netdevices_check(spec, err) < 0)
		return -1;
	return hooks_check(spec->hooks, err) < 0 ? -1 : sysctl_check(spec, err);
}

static char *absolute(const char *directory, const char *path)
{
	char *text;
	if (path[0] == '/')
		return strdup(path);
	return asprintf(&text, "%s/%s", directory, path) < 0 ? NULL : text;
}

static int fill_state(struct container *container, struct error *err)
{
	struct state *state = &container->state;
	char bundle[PATH_MAX], now[TIME_MAX];
	if (!realpath(container->options->bundle, bundle))
		return error_errno(err, "bad-config", "find the bundle %s", container->options->bundle);
	state->id = strdup(container->options->id);
	state->bundle = strdup(bundle);
	state->rootfs = absolute(bundle, container->spec.rootfs);
	state->shares_pids = container->spec.namespaces[NS_PID].use != NS_NEW;
	time_now(now);
	state->created = strdup(now);
	state->callers_keyring = container->options->no_new_keyring;
	state->annotations = json_incref(container->spec.annotations);
	state->hooks = json_incref(container->spec.hooks);
	if (!state->id || !state->bundle || !state->rootfs || !state->created)
		return error_errno(err, "runtime-failed", "describe the container");
	return 0;
}

/* exec goes by the configuration that the container was made with. */
static int keep_config(const struct container *container, struct error *err)
{
	size_t length;
	auto_free char *text = read_file_at(container->bundle, config_file(container->options), CONFIG_MAX, &length);
	if (!text || write_file_atomic_at(container->state_dir, "config.json", text, length, 0600, 0) < 0)
		return error_errno(err, "runtime-failed", "keep a copy of config.json");
	return 0;
}

static int make_scope(struct container *container, struct error *err)
{
	container->scope = cgroup_systemd_make(container->spec.cgroups_path, container->spec.resources,
					       &container->state.cgroup, err);
	if (container->scope < 0)
		return -1;
	container->state.is_scope = true;
	container->cgroup = cgroup_open(container->state.cgroup);
	if (container->cgroup < 0)
		return error_errno(err, "runtime-failed", "open cgroup %s", container->state.cgroup);
	return cgroup_limit(container->cgroup, container->spec.resources, err);
}

static int make_cgroup(struct container *container, struct error *err)
{
	static const char *const limits[] = {"memory", "cpu", "pids", "blockIO", "hugepageLimits", "unified"};
	const struct runtime_options *options = container->options;
	const struct spec *spec = &container->spec;
	if (options->no_cgroup)
		return 0;
	if (spec->cgroups_path && options->systemd_cgroup)
		return make_scope(container, err);
	/* Real root always can: without one there would be no filter of devices, no pause and no `kill --all`. */
	auto_free char *own = NULL;
	if (!spec->cgroups_path && options->default_cgroup && !options->systemd_cgroup && !cgroup_is_users() &&
	    cgroup_writable() && asprintf(&own, "/%s", options->id) < 0)
		return error_errno(err, "runtime-failed", "name the cgroup");
	if (spec->cgroups_path || own) {
		container->cgroup = cgroup_make(own ? own : spec->cgroups_path, spec->resources,
						&container->state.cgroup, err);
		return container->cgroup < 0 ? -1 : 0;
	}
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		json_t *value = json_object_get(spec->resources, limits[i]);
		if (json_object_size(value) || json_array_size(value))
			return error_set(err, "bad-config",
					 "linux.resources.%s: needs a cgroup, but linux.cgroupsPath is missing",
					 limits[i]);
	}
	return 0;
}

static int prepare(struct container *container, struct error *err)
{
	const struct runtime_options *options = container->options;
	container->bundle = open(options->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (container->bundle < 0)
		return error_errno(err, "bad-config", "open the bundle %s", options->bundle);
	if (spec_load(container->bundle, config_file(options), &container->spec, err) < 0 ||
	    check_support(container, err) < 0)
		return -1;
	if (geteuid() != 0 && container->spec.namespaces[NS_USER].use != NS_JOIN && !container->spec.uids.count &&
	    idmap_add_default(&container->spec, err) < 0)
		return -1;
	if (rootfs_check(&container->spec, err) < 0)
		return -1;
	container->state_dir = state_make_directory(options->root, options->id, err);
	if (container->state_dir < 0)
		return -1;
	auto_close int root = state_open_root(options->root, err);
	if (root < 0 || fill_state(container, err) < 0 || keep_config(container, err) < 0 ||
	    seccomp_prepare(container->spec.seccomp, root, &container->seccomp, err) < 0 ||
	    idmap_mounts(container, err) < 0 || devices_prepare(container, err) < 0 || make_cgroup(container, err) < 0)
		return -1;
	cgroup_give(container->cgroup, &container->spec);
	if (options->start_socket >= 0) {
		container->gate = options->start_socket;
		return gate_mark(container->state_dir, err);
	}
	container->gate = gate_listen(container->state_dir, err);
	return container->gate < 0 ? -1 : 0;
}

/* Init is made by clone3 with its new namespaces and inside its cgroup: no step in which it is elsewhere. */
static pid_t clone_init(struct container *container, uint64_t extra)
{
	struct clone_args args = {
		.flags = namespaces_clone_flags(&container->spec) | extra,
		.exit_signal = extra & CLONE_PARENT ? 0 : SIGCHLD,
	};
	if (container->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)container->cgroup;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

/* Its first message has to come after the one that tells its pid, which another process sends. */
static _Noreturn void init_in_turn(struct container *container)
{
	struct sync_message message;
	if (sync_receive(container->sync, &message) > 0 && message.type == SYNC_GO)
		init_main(container);
	_exit(125);
}

/* Joins the namespaces given by path, then makes init as a child of our own parent. */
static _Noreturn void stage_main(struct container *container)
{
	struct error err = {.exit_code = 125};
	if (namespaces_join(&container->spec, &err) == 0) {
		pid_t pid = clone_init(container, CLONE_PARENT);
		if (pid == 0)
			init_in_turn(container);
		if (pid > 0 && sync_send_pid(container->sync, pid) == 0)
			_exit(0);
		error_errno(&err, "runtime-failed", "make the container's first process");
	}
	sync_send_error(container->sync, &err);
	_exit(125);
}

static int clone_failed(const struct container *container, struct error *err)
{
	if (container->cgroup >= 0 && (errno == EACCES || errno == EPERM || errno == EBUSY))
		return error_errno(err, "runtime-failed",
				   "make the container's first process (may it be moved into cgroup %s?)",
				   container->state.cgroup);
	return error_errno(err, "runtime-failed", "make the container's first process and its namespaces");
}

static int receive_pid(int sync, pid_t stage, pid_t *pid, struct error *err)
{
	int status = 0;
	while (waitpid(stage, &status, 0) < 0 && errno == EINTR)
		;
	struct sync_message message;
	/* One that was killed may have sent nothing, and init, which waits, keeps the socket open. */
	int rc = WIFEXITED(status) ? sync_receive(sync, &message) : 0;
	if (rc > 0 && message.type == SYNC_PID) {
		*pid = message.pid;
		if (sync_send(sync, SYNC_GO) < 0)
			return error_errno(err, "runtime-failed", "let the container's first process go on");
		return 0;
	}
	if (rc > 0 && message.type == SYNC_ERROR) {
		*err = message.error;
		return -1;
	}
	return error_set(err, "runtime-failed", "the process that joins namespaces ended unexpectedly");
}

static int spawn(struct container *container, int *sync, pid_t *pid, struct error *err)
{
	auto_close int ours = -1, theirs = -1;
	if (sync_pair(&ours, &theirs) < 0)
		return error_errno(err, "runtime-failed", "make a socket pair");
	/* Nothing in the container may look into a process of ours that is about to enter it. */
	if (prctl(PR_SET_DUMPABLE, geteuid() == 0 ? 0 : 1, 0, 0, 0) < 0)
		return error_errno(err, "runtime-failed", "deny inspection of the runtime");
	container->sync = theirs;
	bool staged = namespaces_any_joined(&container->spec);
	pid_t child = staged ? fork() : clone_init(container, 0);
	if (child == 0) {
		close(ours);
		if (staged)
			stage_main(container);
		init_main(container);
	}
	if (child < 0)
		return clone_failed(container, err);
	close(steal_fd(&theirs));
	*pid = child;
	if (staged) {
		*pid = -1;
		if (receive_pid(ours, child, pid, err) < 0)
			return -1;
	}
	*sync = steal_fd(&ours);
	return 0;
}

static int run_outer_hooks(struct container *container, struct error *err)
{
	json_t *hooks = container->spec.hooks;
	int directory = container->state_dir;
	if (hooks_run(hooks, "prestart", directory, &container->state, "creating", err) < 0)
		return -1;
	return hooks_run(hooks, "createRuntime", directory, &container->state, "creating", err);
}

static int serve(struct container *container, int sync, pid_t pid, struct error *err)
{
	for (;;) {
		struct sync_message message;
		int rc = sync_receive(sync, &message);
		if (rc < 0)
			return error_errno(err, "runtime-failed", "hear from the container's first process");
		if (rc == 0)
			return error_set(err, "runtime-failed", "the container's first process ended unexpectedly");
		if (message.type == SYNC_READY)
			return 0;
		if (message.type == SYNC_ERROR) {
			*err = message.error;
			return -1;
		}
		if (message.type == SYNC_SOURCE) {
			if (mounts_send_source(container, sync, pid, message.index, err) < 0)
				return -1;
			continue;
		}
		if (message.type == SYNC_MAP_IDS)
			rc = idmap_write(pid, &container->spec.uids, &container->spec.gids, err);
		else if (message.type == SYNC_HOOKS)
			rc = run_outer_hooks(container, err);
		else
			rc = error_set(err, "runtime-failed", "unexpected message from the container's first process");
		if (rc < 0)
			return -1;
		if (sync_send(sync, SYNC_GO) < 0)
			return error_errno(err, "runtime-failed", "answer the container's first process");
	}
}

static int make_init(struct container *container, pid_t *pid, struct error *err)
{
	auto_close int sync = -1;
	/* Whatever happens to us, delete is to find the cgroup. */
	if (container->state.cgroup && state_save(container->state_dir, &container->state, err) < 0)
		return -1;
	if (spawn(container, &sync, pid, err) < 0)
		return -1;
	const struct process_spec *process = &container->spec.process;
	if (process->has_oom_score_adj && limits_set_oom_score(*pid, process->oom_score_adj, err) < 0)
		return -1;
	limits_allow(*pid, process);
	if (process_identify(*pid, &container->state.init) < 0) {
		error_errno(err, "runtime-failed", "identify the container's first process");
		/* Had it ended already, what it has to say about that is the better message. */
		struct error why;
		if (serve(container, sync, *pid, &why) < 0)
			*err = why;
		return -1;
	}
	if (state_save(container->state_dir, &container->state, err) < 0)
		return -1;
	if (netdevices_move(&container->spec, *pid, err) < 0 || serve(container, sync, *pid, err) < 0)
		return -1;
	return gate_ready(container->state_dir, err);
}

static void undo(struct container *container, pid_t pid)
{
	struct error ignored;
	if (pid > 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	state_remove_cgroup(&container->state, &ignored);
	/* Whatever the hooks before have made, these are to undo. */
	if (pid > 0)
		hooks_run_after(container->spec.hooks, "poststop", container->state_dir, &container->state, "stopped");
	if (container->state_dir >= 0)
		state_remove_directory(container->options->root, container->options->id, &ignored);
}

int runtime_create(const struct runtime_options *options, pid_t *pid, struct error *err)
{
	struct container container = {
		.options = options, .bundle = -1, .state_dir = -1, .cgroup = -1, .scope = -1,
		.gate = -1,	    .sync = -1,	  .root = -1,	   .proc = -1,
		.devices = -1,
	};
	*pid = -1;
	int rc = prepare(&container, err);
	if (rc == 0)
		rc = make_init(&container, pid, err);
	cgroup_systemd_release(container.scope);
	if (rc < 0) {
		undo(&container, *pid);
		*pid = -1;
	}
	const int fds[] = {container.bundle, container.state_dir, container.cgroup, container.devices};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (container.gate >= 0 && container.gate != options->start_socket)
		close(container.gate);
	seccomp_free(&container.seccomp);
	state_free(&container.state);
	spec_free(&container.spec);
	return rc;
}

#include "execute.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "apparmor.h"
#include "capabilities.h"
#include "cleanup.h"
#include "file.h"
#include "limits.h"
#include "lookup.h"
#include "mempolicy.h"
#include "procfs.h"
#include "seccomp_notify.h"

/*
 * A working directory that is only reachable through a descriptor from outside (cwd = /proc/self/fd/N) must not be
 * used: the system call, unlike the C library, says so by a path that is not absolute.
 */
static int check_directory(const char *cwd, struct error *err)
{
	char path[PATH_MAX];
	if (syscall(SYS_getcwd, path, sizeof path) < 0)
		return error_errno(err, "runtime-failed", "find the working directory %s", cwd);
	if (path[0] != '/')
		return error_set(err, "runtime-failed", "working directory %s: lies outside the container", cwd);
	return 0;
}

static int enter_directory(const char *cwd, struct error *err)
{
	if (chdir(cwd) < 0)
		return error_errno(err, "runtime-failed", "chdir `%s`", cwd);
	return check_directory(cwd, err);
}

/* So that programs of another user can open /dev/stdout; files of the host are left alone. */
static void give_stdio(uid_t uid)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;
		if (fstat(fd, &st) < 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) || st.st_uid == uid)
			continue;
		if (fchown(fd, uid, (gid_t)-1) < 0)
			return; /* somebody else's pipe: it works as far as its mode allows */
	}
}

int execute_prepare(struct execution *execution, struct error *err)
{
	const struct process_spec *process = execution->process;
	if (cloexec_from(3 + execution->preserve_fds) < 0)
		return error_errno(err, "runtime-failed", "close inherited descriptors");
	execution->entered = enter_directory(process->cwd, err) == 0;
	if (!execution->entered && err->errnum != EACCES) {
		err->exit_code = err->errnum == ENOENT ? 127 : 125;
		return -1;
	}
	execution->env = lookup_environment(process, execution->listen_fds);
	if (!execution->env)
		return error_errno(err, "runtime-failed", "make the environment");
	execution->path = lookup_executable(process->args[0], execution->env, err);
	if (!execution->path)
		return -1;
	give_stdio(process->uid);
	return 0;
}

bool execute_groups_denied(int proc, pid_t pid)
{
	char path[32], policy[8] = "";
	snprintf(path, sizeof path, "%d/setgroups", (int)pid);
	auto_close int fd = procfs_open(proc, path, O_RDONLY);
	return fd >= 0 && read(fd, policy, sizeof policy - 1) > 0 && strncmp(policy, "deny", 4) == 0;
}

static bool only_primary_group(const struct process_spec *process)
{
	for (size_t i = 0; i < process->group_count; i++)
		if (process->groups[i] != process->gid)
			return false;
	return true;
}

static int set_groups(const struct execution *execution, struct error *err)
{
	const struct process_spec *process = execution->process;
	if (execution->keep_groups)
		return 0;
	if (setgroups(process->group_count, process->groups) == 0)
		return 0;
	/* There are no groups to give either. */
	if (errno == EPERM && only_primary_group(process) && execution->no_groups)
		return 0;
	return error_errno(err, "runtime-failed", "set the additional groups");
}

static int set_user(const struct execution *execution, struct error *err)
{
	const struct process_spec *process = execution->process;
	umask(process->umask == (mode_t)-1 ? 0022 : process->umask);
	if (set_groups(execution, err) < 0)
		return -1;
	if (setresgid(process->gid, process->gid, process->gid) < 0)
		return error_errno(err, "runtime-failed", "become group %u (is it mapped in the user namespace?)",
				   process->gid);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || capabilities_bound(process->capabilities, err) < 0)
		return error_errno(err, "runtime-failed", "bound the capabilities");
	if (setresuid(process->uid, process->uid, process->uid) < 0)
		return error_errno(err, "runtime-failed", "become user %u (is it mapped in the user namespace?)",
				   process->uid);
	return 0;
}

/* Without no_new_privs a filter takes CAP_SYS_ADMIN, so it is installed before that goes. */
static bool filter_first(const struct execution *execution)
{
	return !execution->process->no_new_privileges && execution->seccomp->length > 0;
}

int execute_credentials(struct execution *execution, struct error *err)
{
	const struct process_spec *process = execution->process;
	if (limits_set(process, err) < 0 || memory_policy_set(execution->memory_policy, err) < 0)
		return -1;
	if (execution->has_personality && personality(execution->personality) < 0)
		return error_errno(err, "runtime-failed", "set the personality");
	if (apparmor_set_exec(execution->proc, process->apparmor_profile, err) < 0)
		return -1;
	if (set_user(execution, err) < 0)
		return -1;
	uint64_t keep = filter_first(execution) ? 1ULL << CAP_SYS_ADMIN : 0;
	if (capabilities_set(process->capabilities, keep, err) < 0)
		return -1;
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, "runtime-failed", "set no_new_privs");
	/* Now as the user, who may enter what root can't, on NFS; where he may not, root has done so. */
	if (enter_directory(process->cwd, err) == 0 || (execution->entered && err->errnum == EACCES))
		return 0;
	return -1;
}

int execute_as_program(void *data, struct error *err)
{
	struct execution *execution = data;
	struct seccomp_program filter = *execution->seccomp;
	int listener;
	/* There is one agent, and it is the program's. */
	filter.listener_path = NULL;
	if (execute_credentials(execution, err) < 0 || seccomp_install(&filter, &listener, err) < 0)
		return -1;
	return filter_first(execution) ? capabilities_set(execution->process->capabilities, 0, err) : 0;
}

static void set_exec_error(struct error *err, const char *path)
{
	bool missing = errno == ENOENT || errno == ENOTDIR;
	if (missing)
		error_errno(err, "command-not-found", "executable file `%s` cannot be run (is its interpreter there?)",
			    path);
	else
		error_errno(err, "not-executable", "executable file `%s` cannot be run", path);
	err->exit_code = missing ? 127 : 126;
}

int execute_program(struct execution *execution, struct error *err)
{
	const struct process_spec *process = execution->process;
	int listener;
	if (seccomp_install(execution->seccomp, &listener, err) < 0)
		return -1;
	if (listener >= 0 && seccomp_notify_send(execution->notify, listener, execution->notify_state, err) < 0)
		return -1;
	if (filter_first(execution) && capabilities_set(process->capabilities, 0, err) < 0)
		return -1;
	/* Not left to close-on-exec: /proc/self/fd/N in the program's own path would still lead to the host. */
	if (execution->proc >= 0)
		close(execution->proc);
	execve(execution->path, process->args, execution->env);
	set_exec_error(err, execution->path);
	return -1;
}

/*
 * systemd is spoken to through its own busctl(1): this is for engines that leave the scope to the runtime, and not
 * worth a D-Bus library in every container's path.
 */
#include "cgroup_systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"

#define WAIT_MS 5000

struct scope {
	char *slice, *unit;
};

static int parse(const char *path, struct scope *scope, struct error *err)
{
	const char *first = strchr(path, ':'), *second = first ? strchr(first + 1, ':') : NULL;
	if (!second || !second[1] || strchr(path, '/') || strchr(second + 1, ':'))
		return error_set(err, "bad-config",
				 "linux.cgroupsPath `%s`: the systemd cgroup manager takes SLICE:PREFIX:NAME", path);
	int prefix = (int)(second - first - 1);
	scope->slice = first == path ? strdup(cgroup_is_users() ? "user.slice" : "system.slice")
				     : strndup(path, (size_t)(first - path));
	const char *dash = prefix ? "-" : "";
	if (!scope->slice || asprintf(&scope->unit, "%.*s%s%s.scope", prefix, first + 1, dash, second + 1) < 0)
		return error_errno(err, "runtime-failed", "name the scope of %s", path);
	return 0;
}

static int call_systemd(const struct scope *scope, pid_t pid, struct error *err)
{
	char number[16];
	int status;
	snprintf(number, sizeof number, "%d", (int)pid);
	const char *const argv[] = {
		"busctl", cgroup_is_users() ? "--user" : "--system", "--quiet", "--", "call", "org.freedesktop.systemd1",
		"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "StartTransientUnit",
		"ssa(sv)a(sa(sv))", scope->unit, "fail", "4", "Slice", "s", scope->slice, "Delegate", "b", "true",
		"DefaultDependencies", "b", "false", "PIDs", "au", "1", number, "0", NULL};
	pid_t child = fork();
	if (child == 0) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, "runtime-failed", "wait for busctl");
	if (child < 0 || status != 0)
		return error_set(err, "runtime-failed",
				 "systemd would not make the scope %s in %s (see above; without a user session use "
				 "--cgroup-manager=cgroupfs)", scope->unit, scope->slice);
	return 0;
}

/* The call returns when the job is queued; the process is in the scope some time later. */
static char *wait_for_scope(pid_t pid, const char *unit)
{
	for (int waited = 0; waited < WAIT_MS; waited++) {
		auto_free char *directory = cgroup_path_of(pid);
		char *name = directory ? strrchr(directory, '/') : NULL;
		if (name && strcmp(name + 1, unit) == 0)
			return steal_ptr(&directory);
		poll(NULL, 0, 1);
	}
	errno = ETIMEDOUT;
	return NULL;
}

static pid_t make_placeholder(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			pause();
	}
	return pid;
}

int cgroup_systemd_make(const char *path, char **directory, struct error *err)
{
	struct scope scope = {0};
	pid_t pid = -1;
	int rc = parse(path, &scope, err);
	if (rc == 0 && (pid = make_placeholder()) < 0)
		rc = error_errno(err, "runtime-failed", "fork");
	if (rc == 0)
		rc = call_systemd(&scope, pid, err);
	if (rc == 0 && !(*directory = wait_for_scope(pid, scope.unit)))
		rc = error_errno(err, "runtime-failed", "wait for systemd to start the scope %s", scope.unit);
	free(scope.slice);
	free(scope.unit);
	if (rc < 0)
		cgroup_systemd_release(pid);
	return rc < 0 ? -1 : pid;
}

void cgroup_systemd_release(int pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

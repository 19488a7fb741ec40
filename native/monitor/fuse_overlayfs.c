#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "file.h"
#include "rootfs.h"
#include "signals.h"

#define MOUNT_WAIT_MS 15000

static int check_path(const char *path, struct error *err)
{
	return strpbrk(path, ":,\\") ? error_set(err, "mount-failed", "fuse-overlayfs can't take the path %s", path) : 0;
}

static int options_text(const struct rootfs_config *rootfs, char **text, size_t *size, struct error *err)
{
	auto_fclose FILE *out = open_memstream(text, size);
	if (!out)
		return error_errno(err, "internal", "allocate");
	if (rootfs->upper && (check_path(rootfs->upper, err) < 0 || check_path(rootfs->work, err) < 0))
		return -1;
	fputs("lowerdir=", out);
	for (size_t i = 0; i < json_array_size(rootfs->lower); i++) {
		const char *path = json_string_value(json_array_get(rootfs->lower, i));
		if (check_path(path, err) < 0)
			return -1;
		fprintf(out, "%s%s", i > 0 ? ":" : "", path);
	}
	if (rootfs->upper)
		fprintf(out, ",upperdir=%s,workdir=%s", rootfs->upper, rootfs->work);
	if (rootfs->uid_mapping)
		fprintf(out, ",uidmapping=%s", rootfs->uid_mapping);
	if (rootfs->gid_mapping)
		fprintf(out, ",gidmapping=%s", rootfs->gid_mapping);
	for (size_t i = 0; i < json_array_size(rootfs->options); i++) {
		const char *option = json_string_value(json_array_get(rootfs->options, i));
		/* Of the kernel's overlay; fuse-overlayfs does it by itself. */
		if (strcmp(option, "userxattr") != 0)
			fprintf(out, ",%s", option);
	}
	return 0;
}

static pid_t start(const struct rootfs_config *rootfs, const char *options, bool foreground, int message)
{
	pid_t monitor = getpid(), pid = fork();
	if (pid != 0)
		return pid;
	signals_reset();
	if (foreground) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != monitor)
			_exit(1);
	}
	/* Nobody reads what it says once it has mounted. */
	signal(SIGPIPE, SIG_IGN);
	dup2(message, 2);
	cloexec_from(3);
	if (foreground)
		execl(rootfs->program, rootfs->program, "-f", "-o", options, rootfs->target, (char *)NULL);
	else
		execl(rootfs->program, rootfs->program, "-o", options, rootfs->target, (char *)NULL);
	dprintf(2, "exec: %s\n", strerror(errno));
	_exit(127);
}

static bool is_mounted(const char *target, dev_t before)
{
	struct stat st;
	return stat(target, &st) == 0 && st.st_dev != before;
}

/* The kernel tells every change of mounts on an open mountinfo; the program's end shows on the pipe. */
static int wait_mounted(const struct rootfs_config *rootfs, dev_t before, int message)
{
	auto_close int mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct pollfd fds[] = {{.fd = mounts, .events = POLLPRI}, {.fd = message}};
	while (!is_mounted(rootfs->target, before)) {
		int n = poll(fds, 2, MOUNT_WAIT_MS);
		if (n == 0 || (n < 0 && errno != EINTR) || (fds[1].revents & (POLLHUP | POLLERR)))
			return is_mounted(rootfs->target, before) ? 0 : -1;
	}
	return 0;
}

int fuse_overlayfs_mount(const struct rootfs_config *rootfs, pid_t *helper, struct error *err)
{
	auto_free char *options = NULL;
	size_t size = 0;
	struct stat st;
	int message[2];
	if (options_text(rootfs, &options, &size, err) < 0)
		return -1;
	if (stat(rootfs->target, &st) < 0)
		return error_errno(err, "mount-failed", "mount fuse-overlayfs on %s", rootfs->target);
	if (pipe2(message, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_errno(err, "internal", "pipe");
	pid_t pid = start(rootfs, options, helper != NULL, message[1]);
	close(message[1]);
	auto_close int said = message[0];
	if (pid < 0)
		return error_errno(err, "internal", "fork");
	bool mounted = helper ? wait_mounted(rootfs, st.st_dev, said) == 0
			      : child_wait(pid) == 0 && is_mounted(rootfs->target, st.st_dev);
	if (mounted) {
		if (helper)
			*helper = pid;
		return 0;
	}
	char why[ERROR_MESSAGE_MAX / 2];
	child_read_text(said, why, sizeof why);
	if (helper) {
		kill(pid, SIGKILL);
		child_wait(pid);
	}
	return error_set(err, "mount-failed", "%s on %s: %s", rootfs->program, rootfs->target,
			 why[0] ? why : "it did not mount in time");
}

#include "namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"

/* The message queue file system belongs to whoever makes the IPC namespace: that must be root of the container. */
static bool late_ipc(const struct spec *spec)
{
	return spec->namespaces[NS_USER].use == NS_NEW && spec->namespaces[NS_IPC].use == NS_NEW;
}

uint64_t namespaces_clone_flags(const struct spec *spec)
{
	uint64_t flags = 0;
	for (int kind = 0; kind < NS_KINDS; kind++)
		if (spec->namespaces[kind].use == NS_NEW && kind != NS_CGROUP && kind != NS_TIME &&
		    !(kind == NS_IPC && late_ipc(spec)))
			flags |= (uint64_t)namespace_kinds[kind].clone_flag;
	return flags;
}

bool namespaces_any_joined(const struct spec *spec)
{
	for (int kind = 0; kind < NS_KINDS; kind++)
		if (spec->namespaces[kind].use == NS_JOIN)
			return true;
	return false;
}

static int join_error(const struct spec *spec, int kind, struct error *err)
{
	return error_errno(err, "runtime-failed", "join the %s namespace %s", namespace_kinds[kind].name,
			   spec->namespaces[kind].path);
}

static bool is_of(const char *process, int fd, int kind)
{
	char path[64];
	struct stat current, wanted;
	snprintf(path, sizeof path, "/proc/%s/ns/%s", process, namespace_kinds[kind].proc_name);
	return stat(path, &current) == 0 && fstat(fd, &wanted) == 0 && current.st_ino == wanted.st_ino &&
	       current.st_dev == wanted.st_dev;
}

/* The root of a mount namespace that is joined is replaced, for all that is in it. */
static int check_joined(const struct spec *spec, int kind, int fd, struct error *err)
{
	if (kind != NS_MOUNT || !(is_of("self", fd, kind) || is_of("1", fd, kind)))
		return 0;
	return error_set(err, "bad-config",
			 "linux.namespaces: the mount namespace %s is the caller's or the host's, and would lose its root; "
			 "leave the type mount out to share it",
			 spec->namespaces[kind].path);
}

/*
 * A namespace belongs to the user namespace it was made in: ours, or the one that is joined here. So each is tried
 * before and, if that is not permitted, after joining the user namespace.
 */
int namespaces_join(const struct spec *spec, struct error *err)
{
	int fds[NS_KINDS], rc = 0;
	for (int kind = 0; kind < NS_KINDS; kind++)
		fds[kind] = -1;
	for (int kind = 0; kind < NS_KINDS && rc == 0; kind++) {
		if (spec->namespaces[kind].use != NS_JOIN)
			continue;
		fds[kind] = open(spec->namespaces[kind].path, O_RDONLY | O_CLOEXEC);
		if (fds[kind] < 0)
			rc = join_error(spec, kind, err);
		else if (check_joined(spec, kind, fds[kind], err) < 0)
			rc = -1;
		else if (is_of("self", fds[kind], kind)) /* to join it takes privileges that there is no need for */
			close(steal_fd(&fds[kind]));
	}
	bool user = fds[NS_USER] >= 0;
	for (int round = user ? 0 : 1; round < 2 && rc == 0; round++) {
		for (int kind = NS_USER + 1; kind < NS_KINDS && rc == 0; kind++) {
			if (fds[kind] < 0)
				continue;
			if (setns(fds[kind], namespace_kinds[kind].clone_flag) == 0) {
				close(fds[kind]);
				fds[kind] = -1;
			} else if (round > 0 || errno != EPERM) {
				rc = join_error(spec, kind, err);
			}
		}
		if (round == 0 && rc == 0 && setns(fds[NS_USER], CLONE_NEWUSER) < 0)
			rc = join_error(spec, NS_USER, err);
	}
	for (int kind = 0; kind < NS_KINDS; kind++)
		if (fds[kind] >= 0)
			close(fds[kind]);
	return rc;
}

static int write_time_offsets(const struct spec *spec, struct error *err)
{
	static const char *const clocks[] = {"monotonic", "boottime", NULL};
	const char *name;
	json_t *value;
	json_object_foreach(spec->time_offsets, name, value)
		if (strcmp(name, clocks[0]) != 0 && strcmp(name, clocks[1]) != 0)
			return error_set(err, "bad-config", "linux.timeOffsets: there is no clock `%s`", name);
	auto_close int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "runtime-failed", "open /proc/self/timens_offsets");
	for (int i = 0; clocks[i]; i++) {
		json_t *offset = json_object_get(spec->time_offsets, clocks[i]);
		int64_t seconds = 0, nanoseconds = 0;
		char line[96];
		if (!offset)
			continue;
		if (json_read_int(offset, "linux.timeOffsets", "secs", INT64_MIN, INT64_MAX, &seconds, NULL, err) < 0 ||
		    json_read_int(offset, "linux.timeOffsets", "nanosecs", 0, 999999999, &nanoseconds, NULL, err) < 0)
			return -1;
		int n = snprintf(line, sizeof line, "%s %lld %lld\n", clocks[i], (long long)seconds,
				 (long long)nanoseconds);
		if (write(fd, line, (size_t)n) < 0)
			return error_errno(err, "runtime-failed", "set the time offset of the %s clock", clocks[i]);
	}
	return 0;
}

int namespaces_make_time(const struct spec *spec, struct error *err)
{
	if (spec->namespaces[NS_TIME].use != NS_NEW)
		return 0;
	if (unshare(namespace_kinds[NS_TIME].clone_flag) < 0)
		return error_errno(err, "runtime-failed", "make a time namespace");
	if (write_time_offsets(spec, err) < 0)
		return -1;
	/* unshare() only sets the namespace of children; this moves us. */
	auto_close int fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, namespace_kinds[NS_TIME].clone_flag) < 0)
		return error_errno(err, "runtime-failed", "enter the new time namespace");
	return 0;
}

int namespaces_unshare_late(const struct spec *spec, struct error *err)
{
	if (late_ipc(spec) && unshare(CLONE_NEWIPC) < 0)
		return error_errno(err, "runtime-failed", "make an IPC namespace");
	if (spec->namespaces[NS_CGROUP].use == NS_NEW && unshare(CLONE_NEWCGROUP) < 0)
		return error_errno(err, "runtime-failed", "make a cgroup namespace");
	return 0;
}

int namespaces_set_names(const struct spec *spec, struct error *err)
{
	if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return error_errno(err, "runtime-failed", "set the host name `%s`", spec->hostname);
	if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return error_errno(err, "runtime-failed", "set the domain name `%s`", spec->domainname);
	return 0;
}

int namespaces_loopback_up(struct error *err)
{
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return error_errno(err, "runtime-failed", "bring up the loopback interface");
	return 0;
}

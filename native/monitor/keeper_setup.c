#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "config.h"
#include "file.h"
#include "keeper.h"
#include "signals.h"

#define SLIRP_TIMEOUT_MS 20000
#define SYSTEMD "/run/systemd"
/* slirp4netns(1): its resolver, which passes on to the host's, a loopback one included. */
static const char resolver[] = "nameserver 10.0.2.3\n";

static int loopback_up(void)
{
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo"};
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -1;
	request.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request);
}

/* Of the network namespace that we are in. What the kernel doesn't have (IPv6) needs no setting. */
static int set(const char *path, const char *value)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	return write_full(fd, value, strlen(value)) < 0 ? -1 : 0;
}

static void make_parents(const char *path)
{
	auto_free char *copy = strdup(path);
	for (char *p = copy ? copy + 1 : NULL; p && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(copy, 0755);
		*p = '/';
	}
}

/*
 * What aardvark-dns reads as the host's resolv.conf. systemd is hidden, since netavark would else have it start aardvark-dns
 * out of our reach; resolv.conf may be a link to somewhere in there.
 */
static int cover_files(const struct keeper *keeper)
{
	char path[PATH_MAX];
	auto_free char *target = realpath("/etc/resolv.conf", NULL);
	if (write_file_atomic_at(keeper->directory, "resolv.conf", resolver, strlen(resolver), 0644, 0) < 0)
		return -1;
	if (access(SYSTEMD, F_OK) == 0 && mount("tmpfs", SYSTEMD, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755") < 0)
		return -1;
	if (!target)
		return 0;
	if (strncmp(target, SYSTEMD "/", strlen(SYSTEMD "/")) == 0) {
		make_parents(target);
		auto_close int fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0)
			return -1;
	}
	/* Not by our descriptor: that is of another mount namespace. */
	snprintf(path, sizeof path, "%s/resolv.conf", keeper->launch->config->bridge.directory);
	return mount(path, target, NULL, MS_BIND, NULL);
}

/* They are the container's, from whose monitor we descend, and would outlive it here. */
static void leave_container(const struct config *config)
{
	if (config->rootfs.target)
		umount2(config->rootfs.target, MNT_DETACH);
	for (size_t i = 0; i < config->overlay_count; i++)
		umount2(config->overlays[i].target, MNT_DETACH);
}

/*
 * Runs in the new namespace. A look at whether somebody has an IPv6 address already takes seconds, and nobody has. slirp4netns
 * advertises its IPv6 network, which a host that forwards passes over otherwise.
 */
static int configure(void)
{
	bool failed = loopback_up() < 0 || set("/proc/sys/net/ipv4/ip_forward", "1") < 0 ||
		      set("/proc/sys/net/ipv6/conf/default/accept_dad", "0") < 0 ||
		      set("/proc/sys/net/ipv6/conf/default/accept_ra", "2") < 0 ||
		      set("/proc/sys/net/ipv6/conf/all/forwarding", "1") < 0;
	return failed ? -1 : 0;
}

/* We stay in the host's, where slirp4netns belongs: nobody gets back there. */
static int make_network_namespace(struct keeper *keeper)
{
	char path[64], byte = 0;
	int ready[2], done[2];
	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(done, O_CLOEXEC) < 0)
		return -1;
	auto_close int ready_end = ready[0], done_end = done[1];
	pid_t pid = fork();
	if (pid == 0) {
		close(done[1]);
		byte = unshare(CLONE_NEWNET) == 0 && configure() == 0;
		if (write_full(ready[1], &byte, 1) < 0 || read_full(done[0], &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	close(done[0]);
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	if (pid > 0 && read_full(ready_end, &byte, 1) == 1 && byte == 1)
		keeper->netns = open(path, O_RDONLY | O_CLOEXEC);
	close(steal_fd(&done_end));
	if (pid > 0)
		child_wait(pid);
	return keeper->netns < 0 ? -1 : 0;
}

int keeper_begin(struct keeper *keeper, struct error *err)
{
	if (keeper->launch->netns >= 0)
		keeper->netns = keeper->launch->netns;
	else if (make_network_namespace(keeper) < 0)
		return error_errno(err, "network-failed", "make the network namespace of the bridges");
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_errno(err, "network-failed", "make a mount namespace for the bridges");
	leave_container(keeper->launch->config);
	return 0;
}

static void settle(int fd, const char *name)
{
	struct ifreq request = {0};
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (ioctl(fd, SIOCGIFHWADDR, &request) == 0)
		ioctl(fd, SIOCSIFHWADDR, &request);
}

void keeper_settle_bridges(const struct keeper *keeper, json_t *config)
{
	const char *name;
	char path[PATH_MAX];
	json_t *network;
	pid_t pid = fork();
	if (pid > 0)
		child_wait(pid);
	if (pid != 0)
		return;
	int fd = setns(keeper->netns, CLONE_NEWNET) < 0 ? -1 : socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	json_object_foreach(json_object_get(config, "network_info"), name, network) {
		const char *bridge = json_string_value(json_object_get(network, "network_interface"));
		if (fd < 0 || !bridge)
			continue;
		settle(fd, bridge);
		/* Who is on an internal network and has given itself a default route doesn't get out either. */
		snprintf(path, sizeof path, "/proc/sys/net/ipv4/conf/%s/forwarding", bridge);
		set(path, json_is_true(json_object_get(network, "internal")) ? "0" : "1");
	}
	_exit(0);
}

int keeper_enter(const struct keeper *keeper)
{
	if (setns(keeper->netns, CLONE_NEWNET) < 0 || unshare(CLONE_NEWNS) < 0)
		return -1;
	return cover_files(keeper);
}

static void exec_slirp(const struct keeper *keeper, int ready, int exit_fd, int message, pid_t parent)
{
	size_t n = 1 + json_array_size(keeper->launch->config->network_args);
	const char **argv = config_argv(keeper->launch->config->network_program, keeper->launch->config->network_args, 8);
	signals_reset();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!argv || getppid() != parent)
		_exit(1);
	int ready_copy = fcntl(ready, F_DUPFD_CLOEXEC, 10), exit_copy = fcntl(exit_fd, F_DUPFD_CLOEXEC, 10);
	int netns_copy = fcntl(keeper->netns, F_DUPFD_CLOEXEC, 10), message_copy = fcntl(message, F_DUPFD_CLOEXEC, 10);
	child_place_fd(ready_copy, 3);
	child_place_fd(exit_copy, 4);
	child_place_fd(netns_copy, 5);
	child_place_fd(message_copy, 2);
	cloexec_from(6);
	argv[n++] = "--ready-fd=3";
	argv[n++] = "--exit-fd=4";
	argv[n++] = "--netns-type=path";
	argv[n++] = "/proc/self/fd/5";
	argv[n++] = "tap0";
	execv(argv[0], (char *const *)argv);
	dprintf(2, "exec: %s\n", strerror(errno));
	_exit(127);
}

int keeper_start_slirp(struct keeper *keeper, struct error *err)
{
	int ready[2], exit_pipe[2], message[2];
	char said[512], byte;
	if (keeper->slirp_exit >= 0)
		close(steal_fd(&keeper->slirp_exit));
	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(exit_pipe, O_CLOEXEC) < 0 || pipe2(message, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_errno(err, "network-failed", "start %s", keeper->launch->config->network_program);
	pid_t parent = getpid();
	keeper->slirp = fork();
	if (keeper->slirp == 0)
		exec_slirp(keeper, ready[1], exit_pipe[0], message[1], parent);
	close(ready[1]);
	close(exit_pipe[0]);
	close(message[1]);
	keeper->slirp_exit = exit_pipe[1];
	auto_close int ready_end = ready[0], message_end = message[0];
	struct pollfd poller = {.fd = ready_end, .events = POLLIN};
	if (keeper->slirp > 0 && poll(&poller, 1, SLIRP_TIMEOUT_MS) > 0 && read(ready_end, &byte, 1) == 1)
		return 0;
	child_read_text(message_end, said, sizeof said);
	return error_set(err, "network-failed", "%s ended before the network was there: %s", keeper->launch->config->network_program, said);
}

#include "forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptors.h"
#include "file.h"
#include "privileges.h"
#include "signals.h"

#define BATCH 64
#define EXPIRE_INTERVAL_MS 15000

struct forwarder *forwarding;

socklen_t forward_address_size(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static int parse_address(const char *text, int port, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	*address = (struct sockaddr_storage){0};
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		return 0;
	}
	return -1;
}

static int unprivileged_start(void)
{
	size_t length;
	auto_free char *text = read_file_at(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", 64, &length);
	return text ? atoi(text) : 1024;
}

/* With Podman's words, for whoever looks for them. */
static int refuse(const struct port *port, struct error *err)
{
	int problem = errno, start = unprivileged_start();
	const char *ip = port->host_ip[0] ? port->host_ip : "0.0.0.0";
	bool v6 = strchr(ip, ':') != NULL;
	char where[128];
	snprintf(where, sizeof where, "listen %s %s%s%s:%d: bind", port->protocol, v6 ? "[" : "", ip, v6 ? "]" : "",
		 port->host_port);
	if (problem == EADDRINUSE)
		return error_set(err, "port-in-use", "rootlessport %s: address already in use", where);
	if (problem == EACCES)
		return error_set(err, "port-privileged",
				 "rootlessport cannot expose privileged port %d, you can add "
				 "'net.ipv4.ip_unprivileged_port_start=%d' to /etc/sysctl.conf (currently %d), or choose a "
				 "larger port number (>= %d): %s: permission denied",
				 port->host_port, port->host_port, start, start, where);
	errno = problem;
	return error_errno(err, "network-failed", "rootlessport %s", where);
}

static int listen_at(const struct sockaddr_storage *address, bool udp, bool both)
{
	int on = 1, off = 0;
	auto_close int fd = socket(address->ss_family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (!udp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (address->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, both ? &off : &on, sizeof on);
	if (udp && udp_prepare(fd, address->ss_family) < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)address, forward_address_size(address)) < 0 ||
	    (!udp && listen(fd, SOMAXCONN) < 0))
		return -1;
	return steal_fd(&fd);
}

/* Without an address all of them, IPv4 and IPv6; where there is no IPv6, those of IPv4. */
static int open_port(const struct port *port, struct error *err)
{
	bool udp = strcmp(port->protocol, "udp") == 0, any = port->host_ip[0] == '\0';
	struct sockaddr_storage address;
	if (parse_address(any ? "::" : port->host_ip, port->host_port, &address) < 0)
		return error_set(err, "network-failed", "publish %s: not an IP address", port->host_ip);
	int fd = listen_at(&address, udp, any);
	if (fd < 0 && any && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
		parse_address("0.0.0.0", port->host_port, &address);
		fd = listen_at(&address, udp, false);
	}
	return fd < 0 ? refuse(port, err) : fd;
}

int forward_open(const struct config *config, struct forwarder *forwarder, struct error *err)
{
	size_t count = json_array_size(config->ports);
	*forwarder = (struct forwarder){.epoll = -1, .listeners = calloc(count + 1, sizeof *forwarder->listeners)};
	if (!forwarder->listeners)
		return error_errno(err, "internal", "allocate");
	for (size_t i = 0; i < count; i++) {
		struct port port = config_port(config, i);
		struct listener *listener = &forwarder->listeners[i];
		int fd = open_port(&port, err);
		if (fd < 0) {
			forward_close(forwarder);
			return -1;
		}
		listener->udp = strcmp(port.protocol, "udp") == 0;
		listener->watch = (struct watch){.fd = fd, .owner = listener, .ready = listener->udp ? udp_receive : tcp_accept};
		forwarder->count++;
		if (parse_address(config->network_address, port.container_port, &listener->target) < 0) {
			forward_close(forwarder);
			return error_set(err, "bad-config", "monitor.json: network.address is not an IP address");
		}
	}
	return 0;
}

void forward_close(struct forwarder *forwarder)
{
	for (size_t i = 0; i < forwarder->count; i++)
		close(forwarder->listeners[i].watch.fd);
	free(forwarder->listeners);
	*forwarder = (struct forwarder){.epoll = -1};
}

int forward_watch(struct forwarder *forwarder, struct watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	if (watch->events == events)
		return 0;
	int operation = watch->events == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
	watch->events = events;
	return epoll_ctl(forwarder->epoll, operation, watch->fd, &event);
}

static size_t expire(struct forwarder *forwarder)
{
	size_t left = 0;
	for (size_t i = 0; i < forwarder->count; i++)
		left += udp_expire(&forwarder->listeners[i]);
	return left;
}

static void forward_loop(struct forwarder *forwarder)
{
	for (;;) {
		struct epoll_event events[BATCH];
		int n = epoll_wait(forwarder->epoll, events, BATCH, expire(forwarder) > 0 ? EXPIRE_INTERVAL_MS : -1);
		for (int i = 0; i < n; i++) {
			struct watch *watch = events[i].data.ptr;
			if (watch->fd >= 0)
				watch->ready(watch, events[i].events);
		}
		tcp_sweep();
	}
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int keep_listeners(const struct forwarder *forwarder, int report)
{
	auto_free int *keep = calloc(forwarder->count + 1, sizeof *keep);
	if (!keep)
		return -1;
	for (size_t i = 0; i < forwarder->count; i++)
		keep[i] = forwarder->listeners[i].watch.fd;
	keep[forwarder->count] = report;
	return descriptors_keep(3, keep, forwarder->count + 1);
}

static void forwarder_main(struct forwarder *forwarder, int netns, int report, pid_t monitor)
{
	struct error err;
	char ok = 1;
	signals_reset();
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "coracle-ports");
	if (getppid() != monitor || setns(netns, CLONE_NEWNET) < 0 || keep_listeners(forwarder, report) < 0)
		_exit(1);
	raise_descriptor_limit();
	forwarding = forwarder;
	forwarder->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < forwarder->count; i++) {
		if (forward_watch(forwarder, &forwarder->listeners[i].watch, EPOLLIN) < 0)
			_exit(1);
	}
	/* It talks to whoever connects. */
	if (getppid() != monitor || privileges_of_forwarder(&err) < 0 || write_full(report, &ok, 1) < 0)
		_exit(1);
	close(report);
	forward_loop(forwarder);
}

int forward_start(struct forwarder *forwarder, int netns, pid_t *pid, struct error *err)
{
	int ends[2];
	char ok = 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "network-failed", "start the port forwarder");
	pid_t monitor = getpid();
	*pid = fork();
	if (*pid == 0)
		forwarder_main(forwarder, netns, ends[1], monitor);
	close(ends[1]);
	auto_close int report = ends[0];
	forward_close(forwarder);
	if (*pid < 0) {
		*pid = 0;
		return error_errno(err, "network-failed", "start the port forwarder");
	}
	if (read_full(report, &ok, 1) != 1 || ok != 1)
		return error_set(err, "network-failed", "the port forwarder could not enter the container's network");
	return 0;
}

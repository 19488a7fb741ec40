#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "network.h"
#include "socket_path.h"
#include "supervisor.h"
#include "text.h"

/* slirp4netns doesn't tell why: we look whether we could bind the port ourselves. */
static int explain(const struct port *port, const char *said, struct error *err)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port->host_port)};
	bool udp = strcmp(port->protocol, "udp") == 0;
	auto_close int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	const char *ip = port->host_ip[0] ? port->host_ip : "0.0.0.0";
	int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (inet_pton(AF_INET, ip, &address.sin_addr) != 1)
		return error_set(err, "network-failed", "publish %s:%d/%s: not an IPv4 address", ip, port->host_port,
				 port->protocol);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && (udp || listen(fd, 1) == 0))
		return error_set(err, "network-failed", "publish %s:%d/%s: slirp4netns: %s", ip, port->host_port,
				 port->protocol, said);
	if (errno == EADDRINUSE)
		return error_set(err, "port-in-use", "publish %s:%d/%s: the port is in use", ip, port->host_port,
				 port->protocol);
	if (errno == EACCES)
		return error_set(err, "network-failed",
				 "publish %s:%d/%s: permission denied; a user's lowest port is in "
				 "/proc/sys/net/ipv4/ip_unprivileged_port_start",
				 ip, port->host_port, port->protocol);
	return error_errno(err, "network-failed", "publish %s:%d/%s", ip, port->host_port, port->protocol);
}

static int request(struct monitor *m, const struct text *text, char *answer, size_t size)
{
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = {.tv_sec = 5};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (fd < 0 || socket_connect_at(fd, m->run_dir, "slirp.sock") < 0 || write_full(fd, text->data, text->length) < 0 ||
	    shutdown(fd, SHUT_WR) < 0)
		return -1;
	ssize_t n = read_full(fd, answer, size - 1);
	answer[n > 0 ? n : 0] = '\0';
	return n > 0 ? 0 : -1;
}

static int publish(struct monitor *m, const struct port *port, struct error *err)
{
	char buffer[1024], answer[1024];
	struct text text = TEXT(buffer);
	text_add(&text, "{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"%s\",\"host_addr\":", port->protocol);
	text_add_string(&text, port->host_ip[0] ? port->host_ip : "0.0.0.0");
	text_add(&text, ",\"host_port\":%d,\"guest_port\":%d}}", port->host_port, port->container_port);
	if (request(m, &text, answer, sizeof answer) < 0)
		return error_errno(err, "network-failed", "publish port %d: talk to slirp4netns", port->host_port);
	return strstr(answer, "\"error\"") ? explain(port, answer, err) : 0;
}

/*
 * slirp4netns listens with a backlog of 1: of clients that come together, the kernel drops all but two, and they try again
 * only after seconds. The backlog belongs to the socket, so we can set it from here. Where we may not, it stays small.
 */
static void widen_backlogs(pid_t slirp)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/fd", (int)slirp);
	DIR *descriptors = opendir(path);
	auto_close int process = (int)syscall(SYS_pidfd_open, slirp, 0);
	for (struct dirent *entry; process >= 0 && descriptors && (entry = readdir(descriptors));) {
		auto_close int fd = entry->d_name[0] == '.'
					    ? -1
					    : (int)syscall(SYS_pidfd_getfd, process, atoi(entry->d_name), 0);
		int listening = 0;
		socklen_t size = sizeof listening;
		if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening)
			listen(fd, SOMAXCONN);
	}
	if (descriptors)
		closedir(descriptors);
}

int network_publish(struct monitor *m, struct error *err)
{
	for (size_t i = 0; i < json_array_size(m->config->ports); i++) {
		struct port port = config_port(m->config, i);
		if (publish(m, &port, err) < 0)
			return -1;
	}
	if (json_array_size(m->config->ports) > 0)
		widen_backlogs(m->network.pid);
	return 0;
}

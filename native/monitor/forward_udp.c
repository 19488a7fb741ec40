#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "forward.h"

#define FLOWS_MAX 1024
#define SILENCE_MAX_S 90
#define DATAGRAM_MAX 65536

/* One client of a port: what it sends goes out of a socket of its own, by which answers find back. */
struct udp_flow {
	struct watch watch;
	struct listener *listener;
	struct sockaddr_storage client;
	/* The address it has sent to, from which it expects its answers. */
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	size_t control_length;
	time_t last;
	struct udp_flow *next;
};

static char datagram[DATAGRAM_MAX];

static time_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

int udp_prepare(int fd, int family)
{
	int on = 1;
	if (family == AF_INET6)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
	return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
}

/* Which way an answer goes is the routes' business. */
static void keep_control(struct udp_flow *flow, struct msghdr *message)
{
	flow->control_length = 0;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		bool v4 = header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO;
		bool v6 = header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO;
		if (!v4 && !v6)
			continue;
		if (v4)
			((struct in_pktinfo *)CMSG_DATA(header))->ipi_ifindex = 0;
		/* That of a link-local address is part of it. */
		else if (!IN6_IS_ADDR_LINKLOCAL(&((struct in6_pktinfo *)CMSG_DATA(header))->ipi6_addr))
			((struct in6_pktinfo *)CMSG_DATA(header))->ipi6_ifindex = 0;
		flow->control_length = CMSG_SPACE(header->cmsg_len - CMSG_LEN(0));
		memcpy(flow->control, header, header->cmsg_len);
		return;
	}
}

static void answer(struct watch *watch, uint32_t events)
{
	struct udp_flow *flow = watch->owner;
	(void)events;
	ssize_t n = recv(watch->fd, datagram, sizeof datagram, MSG_DONTWAIT);
	if (n < 0)
		return; /* refused: nobody listens there now; the client may try again */
	struct iovec part = {.iov_base = datagram, .iov_len = (size_t)n};
	struct msghdr message = {.msg_name = &flow->client,
				 .msg_namelen = forward_address_size(&flow->client),
				 .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = flow->control_length ? flow->control : NULL,
				 .msg_controllen = flow->control_length};
	flow->last = now();
	sendmsg(flow->listener->watch.fd, &message, MSG_DONTWAIT);
}

static void drop(struct udp_flow *flow)
{
	close(flow->watch.fd);
	free(flow);
}

size_t udp_expire(struct listener *listener)
{
	size_t count = 0;
	time_t oldest = now() - SILENCE_MAX_S;
	for (struct udp_flow **at = &listener->flows; *at;) {
		struct udp_flow *flow = *at;
		if (flow->last < oldest || count >= FLOWS_MAX) {
			*at = flow->next;
			drop(flow);
		} else {
			count++;
			at = &flow->next;
		}
	}
	return count;
}

static struct udp_flow *add_flow(struct listener *listener, const struct sockaddr_storage *client)
{
	struct udp_flow *flow = calloc(1, sizeof *flow);
	if (!flow)
		return NULL;
	*flow = (struct udp_flow){.listener = listener, .client = *client};
	flow->watch = (struct watch){.ready = answer, .owner = flow};
	flow->watch.fd = socket(listener->target.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (flow->watch.fd < 0 ||
	    connect(flow->watch.fd, (struct sockaddr *)&listener->target, forward_address_size(&listener->target)) < 0 ||
	    forward_watch(forwarding, &flow->watch, EPOLLIN) < 0) {
		drop(flow);
		return NULL;
	}
	flow->next = listener->flows;
	listener->flows = flow;
	return flow;
}

/* The one last used is first. */
static struct udp_flow *find_flow(struct listener *listener, const struct sockaddr_storage *client)
{
	for (struct udp_flow **at = &listener->flows; *at; at = &(*at)->next) {
		struct udp_flow *flow = *at;
		if (memcmp(&flow->client, client, sizeof *client) != 0)
			continue;
		*at = flow->next;
		flow->next = listener->flows;
		listener->flows = flow;
		return flow;
	}
	return add_flow(listener, client);
}

void udp_receive(struct watch *watch, uint32_t events)
{
	struct listener *listener = watch->owner;
	struct sockaddr_storage client = {0};
	char control[128];
	struct iovec part = {.iov_base = datagram, .iov_len = sizeof datagram};
	struct msghdr message = {.msg_name = &client,
				 .msg_namelen = sizeof client,
				 .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof control};
	(void)events;
	ssize_t n = recvmsg(watch->fd, &message, MSG_DONTWAIT);
	struct udp_flow *flow = n < 0 ? NULL : find_flow(listener, &client);
	if (!flow)
		return;
	keep_control(flow, &message);
	flow->last = now();
	send(flow->watch.fd, datagram, (size_t)n, MSG_DONTWAIT);
}

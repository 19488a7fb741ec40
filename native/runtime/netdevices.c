#include "netdevices.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"

#define ANSWER_MAX 32768

struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
	};
	char attributes[256];
};

/* Addresses of an interface, as requests to make them once more. */
struct addresses {
	struct request *items;
	size_t count;
};

struct move {
	const char *name, *new_name;
	char device[IFNAMSIZ]; /* what it is called in the container: `new_name` with its %d filled in */
	int ours, theirs; /* netlink sockets in both namespaces */
	int netns;
};

static bool good_name(const char *name)
{
	const char *p = name;
	while (*p && *p != '/' && *p != ':' && !isspace((unsigned char)*p))
		p++;
	const char *percent = strchr(name, '%');
	return *name && !*p && p - name < IFNAMSIZ && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       (!percent || strcmp(percent, "%d") == 0);
}

int netdevices_check(const struct spec *spec, struct error *err)
{
	static const char *const known[] = {"name", NULL};
	const char *name, *where = "linux.netDevices";
	json_t *device;
	if (json_object_size(spec->net_devices) && spec->namespaces[NS_NETWORK].use == NS_HOST)
		return error_set(err, "bad-config", "%s: needs a network namespace of the container", where);
	json_object_foreach(spec->net_devices, name, device)
	{
		const char *new_name = name;
		if (json_only_keys(device, where, known, err) < 0 ||
		    json_read_string(device, where, "name", &new_name, err) < 0)
			return -1;
		if (!good_name(name) || strchr(name, '%') || (*new_name && !good_name(new_name)))
			return error_set(err, "bad-config", "%s: `%s` is not the name of an interface", where,
					 good_name(name) ? new_name : name);
	}
	return 0;
}

static void add(struct request *request, unsigned short type, const void *data, size_t size)
{
	struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
	if (NLMSG_ALIGN(request->header.nlmsg_len) + RTA_SPACE(size) > sizeof *request)
		return;
	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), data, size);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + (unsigned)RTA_SPACE(size);
}

/* Sends a request and waits for the kernel's word on it. -1 with errno. */
static int tell(int netlink, struct request *request)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[sizeof(struct request)];
	} answer;
	request->header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (send(netlink, request, request->header.nlmsg_len, 0) < 0)
		return -1;
	ssize_t n = recv(netlink, &answer, sizeof answer, 0);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof answer.error) || answer.header.nlmsg_type != NLMSG_ERROR) {
		errno = n < 0 ? errno : EPROTO;
		return -1;
	}
	errno = -answer.error.error;
	return answer.error.error ? -1 : 0;
}

/* By its name in the namespace that the socket is of; 0: there is none. */
static int index_of(int any_socket, const char *name)
{
	struct ifreq request = {0};
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	return ioctl(any_socket, SIOCGIFINDEX, &request) < 0 ? 0 : request.ifr_ifindex;
}

static int keep_address(struct addresses *addresses, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *address = NLMSG_DATA(message);
	uint32_t flags = address->ifa_flags;
	struct request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof *address), .nlmsg_type = RTM_NEWADDR,
					     .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL},
				  .address = *address};
	size_t left = IFA_PAYLOAD(message);
	for (const struct rtattr *a = IFA_RTA(address); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFA_FLAGS)
			memcpy(&flags, RTA_DATA(a), sizeof flags);
		else if (a->rta_type == IFA_LOCAL || a->rta_type == IFA_ADDRESS || a->rta_type == IFA_BROADCAST ||
			 a->rta_type == IFA_RT_PRIORITY)
			add(&request, a->rta_type, RTA_DATA(a), RTA_PAYLOAD(a));
	}
	/* What is meant to last and to be reached from outside. The kernel makes the others itself. */
	if (!(flags & IFA_F_PERMANENT) || address->ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	flags &= IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;
	add(&request, IFA_FLAGS, &flags, sizeof flags);
	struct request *items = reallocarray(addresses->items, addresses->count + 1, sizeof *items);
	if (!items)
		return -1;
	addresses->items = items;
	items[addresses->count++] = request;
	return 0;
}

static int read_addresses(int netlink, int device, struct addresses *addresses)
{
	struct request request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.address), .nlmsg_type = RTM_GETADDR,
					     .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	auto_free char *answer = malloc(ANSWER_MAX);
	if (!answer || send(netlink, &request, request.header.nlmsg_len, 0) < 0)
		return -1;
	for (;;) {
		ssize_t n = recv(netlink, answer, ANSWER_MAX, 0);
		if (n < 0)
			return -1;
		size_t left = (size_t)n;
		for (struct nlmsghdr *message = (struct nlmsghdr *)answer; NLMSG_OK(message, left);
		     message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_type == NLMSG_DONE)
				return 0;
			if (message->nlmsg_type != RTM_NEWADDR) {
				errno = EPROTO;
				return -1;
			}
			const struct ifaddrmsg *address = NLMSG_DATA(message);
			if ((int)address->ifa_index == device && keep_address(addresses, message) < 0)
				return -1;
		}
	}
}

static int choose_name(struct move *move, struct error *err)
{
	const char *percent = strchr(move->new_name, '%');
	int prefix = percent ? (int)(percent - move->new_name) : IFNAMSIZ - 1;
	for (int i = 0; i == 0 || percent; i++) {
		int n = percent ? snprintf(move->device, sizeof move->device, "%.*s%d", prefix, move->new_name, i)
				: snprintf(move->device, sizeof move->device, "%.*s", prefix, move->new_name);
		if (n >= (int)sizeof move->device)
			break;
		if (index_of(move->theirs, move->device) == 0)
			return 0;
	}
	return error_set(err, "runtime-failed", "linux.netDevices: the container has an interface `%s` already",
			 move->new_name);
}

static int move_device(struct move *move, struct error *err)
{
	struct addresses addresses = {0};
	int device = index_of(move->ours, move->name);
	if (device == 0)
		return error_errno(err, "runtime-failed", "linux.netDevices: find interface `%s`", move->name);
	if (choose_name(move, err) < 0)
		return -1;
	if (read_addresses(move->ours, device, &addresses) < 0) {
		free(addresses.items);
		return error_errno(err, "runtime-failed", "read the addresses of interface `%s`", move->name);
	}
	struct request link = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof link.link), .nlmsg_type = RTM_NEWLINK},
			       .link = {.ifi_index = device}};
	add(&link, IFLA_NET_NS_FD, &move->netns, sizeof move->netns);
	add(&link, IFLA_IFNAME, move->device, strlen(move->device) + 1);
	int rc = tell(move->ours, &link);
	if (rc < 0)
		error_errno(err, "runtime-failed", "move interface `%s` into the container", move->name);
	device = rc < 0 ? 0 : index_of(move->theirs, move->device);
	for (size_t i = 0; i < addresses.count && rc == 0; i++) {
		addresses.items[i].address.ifa_index = (unsigned)device;
		rc = tell(move->theirs, &addresses.items[i]);
		if (rc < 0)
			error_errno(err, "runtime-failed", "give interface `%s` its addresses", move->device);
	}
	free(addresses.items);
	if (rc < 0)
		return -1;
	struct request up = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof up.link), .nlmsg_type = RTM_NEWLINK},
			     .link = {.ifi_index = device, .ifi_flags = IFF_UP, .ifi_change = IFF_UP}};
	return tell(move->theirs, &up) < 0
		       ? error_errno(err, "runtime-failed", "bring up interface `%s`", move->device)
		       : 0;
}

/* A socket stays in the network namespace that it was made in. */
static int netlink_in(int netns, struct error *err)
{
	auto_close int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0 || setns(netns, CLONE_NEWNET) < 0)
		return error_errno(err, "runtime-failed", "enter the container's network namespace");
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int failure = errno;
	if (setns(own, CLONE_NEWNET) < 0)
		return error_errno(err, "runtime-failed", "leave the container's network namespace");
	errno = failure;
	return fd < 0 ? error_errno(err, "runtime-failed", "make a netlink socket") : steal_fd(&fd);
}

int netdevices_move(const struct spec *spec, pid_t pid, struct error *err)
{
	char path[64];
	const char *name;
	json_t *device;
	if (json_object_size(spec->net_devices) == 0)
		return 0;
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	auto_close int netns = open(path, O_RDONLY | O_CLOEXEC);
	auto_close int ours = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (netns < 0 || ours < 0)
		return error_errno(err, "runtime-failed", "open the container's network namespace");
	auto_close int theirs = netlink_in(netns, err);
	if (theirs < 0)
		return -1;
	json_object_foreach(spec->net_devices, name, device)
	{
		const char *new_name = json_string_value(json_object_get(device, "name"));
		struct move move = {.name = name, .new_name = new_name && *new_name ? new_name : name, .ours = ours,
				    .theirs = theirs, .netns = netns};
		if (move_device(&move, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Where packets of the bridges may go, and by which routes. netavark would run iptables some thirty times for each
 * container, which takes longer than all the rest of a start; the namespace is ours alone, and one rule for all that leaves
 * it says the same. Only for networks that are isolated from each other netavark makes its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "file.h"
#include "keeper.h"
#include "signals.h"

/* The first version of netavark 1 whose firewall driver can be `none`. */
#define HAS_NONE 8
#define DEFAULT_METRIC 100
#define WORDS_MAX 16

/*
 * aardvark-dns takes its sockets down for a moment whenever a container comes or goes. Who asks just then shall ask again,
 * as it does when a question is lost, and not be told that there is nobody.
 */
static const char rules[] = "*nat\n"
			    "-A POSTROUTING ! -d 224.0.0.0/4 -o tap0 -j MASQUERADE\n"
			    "COMMIT\n"
			    "*filter\n"
			    "-A OUTPUT -p icmp --icmp-type port-unreachable -j DROP\n"
			    "COMMIT\n";

void keeper_environment(const struct keeper *keeper)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/xtables.lock", keeper->launch->config->bridge.directory);
	setenv("XTABLES_LOCKFILE", path, 1);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
}

/* What it prints goes to `out`. In the bridges' namespace with `inside`. */
static pid_t start(const struct keeper *keeper, const char *const *argv, int in, int out, bool inside)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	int copies[2] = {fcntl(in, F_DUPFD_CLOEXEC, 10), fcntl(out, F_DUPFD_CLOEXEC, 10)};
	signals_reset();
	keeper_environment(keeper);
	child_place_fd(copies[0], 0);
	child_place_fd(copies[1], 1);
	child_place_fd(copies[1], 2);
	cloexec_from(3);
	if (!inside || keeper_enter(keeper) == 0)
		execvp(argv[0], (char *const *)argv);
	dprintf(1, "%s: %s", argv[0], strerror(errno));
	_exit(127);
}

static int text_file(const char *text)
{
	auto_close int fd = memfd_create("text", MFD_CLOEXEC);
	if (fd < 0 || write_full(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return steal_fd(&fd);
}

static void read_output(int out, char *text, size_t size)
{
	lseek(out, 0, SEEK_SET);
	child_read_text(out, text, size);
}

int keeper_rules_begin(const struct keeper *keeper, struct keeper_rules *started)
{
	const struct bridge_config *bridge = &keeper->launch->config->bridge;
	auto_close int in = text_file(rules);
	*started = (struct keeper_rules){.version = text_file(""), .restore = text_file("")};
	if (in < 0 || started->version < 0 || started->restore < 0)
		return -1;
	started->version_pid = start(keeper, (const char *[]){bridge->netavark, "--version", NULL}, in, started->version, false);
	/* They are there already in a namespace that was kept. */
	if (keeper->launch->netns < 0)
		started->restore_pid = start(keeper, (const char *[]){"iptables-restore", "-w", "-n", NULL}, in, started->restore, true);
	return 0;
}

int keeper_rules_end(struct keeper *keeper, struct keeper_rules *started, struct error *err)
{
	char text[256];
	int major, minor, rc = 0;
	auto_close int version = started->version, restore = started->restore;
	if (started->version_pid > 0 && child_wait(started->version_pid) == 0) {
		read_output(version, text, sizeof text);
		if (sscanf(text, "netavark %d.%d", &major, &minor) == 2)
			keeper->firewall = major == 1 && minor < HAS_NONE ? FIREWALL_HIDDEN : FIREWALL_NONE;
	}
	if (started->restore_pid < 0 || (started->restore_pid > 0 && child_wait(started->restore_pid) < 0)) {
		read_output(restore, text, sizeof text);
		rc = error_set(err, "network-failed", "iptables-restore, in the network namespace of the bridges: %s", text);
	}
	return rc;
}

static bool is_internal(json_t *network)
{
	return json_is_true(json_object_get(network, "internal"));
}

static const char *option(json_t *network, const char *name)
{
	return json_string_value(json_object_get(json_object_get(network, "options"), name));
}

/* Those whose rules netavark makes. */
static bool is_guarded(const struct keeper *keeper, json_t *network)
{
	const char *isolate = option(network, "isolate");
	return keeper->firewall == FIREWALL_OF_NETAVARK || (isolate && strcmp(isolate, "false") != 0);
}

json_t *keeper_rules_part(const struct keeper *keeper, json_t *config, bool guarded)
{
	const char *name;
	json_t *network, *part = json_copy(config), *networks = json_object(), *records = json_object();
	json_object_foreach(json_object_get(config, "network_info"), name, network) {
		if (is_guarded(keeper, network) != guarded)
			continue;
		json_t *record = json_copy(network);
		/* An older netavark makes neither rules nor a default route for those. */
		if (!guarded && keeper->firewall == FIREWALL_HIDDEN)
			json_object_set_new(record, "internal", json_true());
		json_object_set_new(records, name, record);
		json_object_set(networks, name, json_object_get(json_object_get(config, "networks"), name));
	}
	size_t count = json_object_size(networks);
	json_object_set_new(part, "networks", networks);
	json_object_set_new(part, "network_info", records);
	if (count > 0)
		return part;
	json_decref(part);
	return NULL;
}

struct route_request {
	struct nlmsghdr header;
	struct rtmsg route;
	char attributes[64];
};

static void add_attribute(struct route_request *request, unsigned short type, const void *data, unsigned short size)
{
	struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), data, size);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + (unsigned)RTA_SPACE(size);
}

/* `destination` as ADDRESS/LENGTH; NULL: the default route. */
static int add_route(int netlink, const char *destination, const char *gateway, unsigned metric)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[256];
	} answer;
	unsigned char address[16], network[16];
	bool v6 = strchr(gateway, ':') != NULL;
	int family = v6 ? AF_INET6 : AF_INET;
	struct route_request request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
			   .nlmsg_type = RTM_NEWROUTE,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE},
		.route = {.rtm_family = (unsigned char)family,
			  .rtm_table = RT_TABLE_MAIN,
			  .rtm_protocol = RTPROT_STATIC,
			  .rtm_scope = RT_SCOPE_UNIVERSE,
			  .rtm_type = RTN_UNICAST},
	};
	errno = EINVAL;
	if (inet_pton(family, gateway, address) != 1)
		return -1;
	if (destination) {
		char text[INET6_ADDRSTRLEN];
		int length = (int)strcspn(destination, "/");
		snprintf(text, sizeof text, "%.*s", length, destination);
		if (destination[length] != '/' || inet_pton(family, text, network) != 1)
			return -1;
		request.route.rtm_dst_len = (unsigned char)atoi(destination + length + 1);
		add_attribute(&request, RTA_DST, network, v6 ? 16 : 4);
	}
	add_attribute(&request, RTA_GATEWAY, address, v6 ? 16 : 4);
	add_attribute(&request, RTA_PRIORITY, &metric, sizeof metric);
	if (send(netlink, &request, request.header.nlmsg_len, 0) < 0 || recv(netlink, &answer, sizeof answer, 0) < 0)
		return -1;
	errno = answer.header.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EPROTO;
	return errno == 0 || errno == EEXIST ? 0 : -1;
}

static int add_default_routes(const struct keeper *keeper, int netlink, json_t *network)
{
	size_t i;
	json_t *subnet;
	const char *metric = option(network, "metric"), *none = option(network, "no_default_route");
	if (is_internal(network) || is_guarded(keeper, network) || (none && strcmp(none, "true") == 0))
		return 0;
	json_array_foreach(json_object_get(network, "subnets"), i, subnet) {
		const char *gateway = json_string_value(json_object_get(subnet, "gateway"));
		if (gateway && add_route(netlink, NULL, gateway, metric ? (unsigned)atoi(metric) : DEFAULT_METRIC) < 0)
			return -1;
	}
	return 0;
}

/* Those of `network create --route`. */
static int add_given_routes(int netlink, json_t *network)
{
	size_t i;
	json_t *route;
	json_array_foreach(json_object_get(network, "routes"), i, route) {
		const char *destination = json_string_value(json_object_get(route, "destination"));
		const char *gateway = json_string_value(json_object_get(route, "gateway"));
		json_t *metric = json_object_get(route, "metric");
		if (destination && gateway &&
		    add_route(netlink, destination, gateway, metric ? (unsigned)json_integer_value(metric) : DEFAULT_METRIC) < 0)
			return -1;
	}
	return 0;
}

/* In the container's namespace. */
static int add_routes(const struct keeper *keeper, json_t *config)
{
	const char *name;
	json_t *network;
	auto_close int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (netlink < 0)
		return -1;
	json_object_foreach(json_object_get(config, "network_info"), name, network) {
		if (add_default_routes(keeper, netlink, network) < 0 || add_given_routes(netlink, network) < 0)
			return -1;
	}
	return 0;
}

static int route_container(const struct keeper *keeper, json_t *config, int netns, struct error *err)
{
	auto_close int out = text_file("");
	char text[256];
	pid_t pid = fork();
	if (pid == 0) {
		if (setns(netns, CLONE_NEWNET) == 0 && add_routes(keeper, config) == 0)
			_exit(0);
		dprintf(out, "%s", strerror(errno));
		_exit(1);
	}
	if (pid > 0 && child_wait(pid) == 0)
		return 0;
	read_output(out, text, sizeof text);
	return error_set(err, "network-failed", "add a route to the container: %s", text);
}

static int run(const struct keeper *keeper, const char *const *argv)
{
	auto_close int nothing = text_file("");
	pid_t pid = start(keeper, argv, nothing, nothing, true);
	return pid > 0 ? child_wait(pid) : -1;
}

/* Of its own, since IPv6 has no forwarding that could be switched off for an internal network's bridge. */
static void masquerade_ipv6(const struct keeper *keeper, const char *subnet)
{
	static const char *const verbs[] = {"-C", "-A"};
	for (size_t i = 0; i < 2; i++) {
		const char *argv[WORDS_MAX] = {"ip6tables", "-w", "-t", "nat", verbs[i], "POSTROUTING", "-s", subnet,
					       "-o", "tap0", "-j", "MASQUERADE", NULL};
		if (run(keeper, argv) == 0)
			return;
	}
}

int keeper_rules_apply(const struct keeper *keeper, json_t *config, int netns, struct error *err)
{
	size_t i;
	const char *name;
	json_t *network, *subnet;
	json_object_foreach(json_object_get(config, "network_info"), name, network) {
		if (is_internal(network) || is_guarded(keeper, network))
			continue;
		json_array_foreach(json_object_get(network, "subnets"), i, subnet) {
			const char *range = json_string_value(json_object_get(subnet, "subnet"));
			if (range && strchr(range, ':'))
				masquerade_ipv6(keeper, range);
		}
	}
	/* A netavark that makes no rules is one that knows routes. */
	return keeper->firewall != FIREWALL_NONE ? route_container(keeper, config, netns, err) : 0;
}

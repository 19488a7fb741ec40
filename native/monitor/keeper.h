/*
 * The network namespace that the bridges of a user's containers are in, and the process that keeps it: it has the way out
 * (slirp4netns) and runs netavark for the monitors, one request after the other. Who is connected to it is a member; when
 * a member's connection ends, however that came, what was made for it is taken away. It ends with its last member.
 */
#ifndef CORACLE_MONITOR_KEEPER_H
#define CORACLE_MONITOR_KEEPER_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "config.h"
#include "error.h"

struct keeper_launch {
	const struct config *config; /* of the container that starts it */
	int netns; /* of a keeper that was killed, or -1 */
};

/* In a new process: becomes the keeper, unless there is one. */
void keeper_main(const struct keeper_launch *launch) __attribute__((noreturn));

/* keeper_client.c: for who wants to be a member. A connection, or -1: then one is started, and it is tried again. */
#define KEEPER_RETRY_MS 3 /* between two looks for a keeper that is just being started */
int keeper_connect(const struct bridge_config *bridge);
void keeper_start(const struct config *config, int netns);
/*
 * `coracle-monitor join SETUP COMMAND…`: a command in the namespace of the bridges, which is there for as long as the command.
 * Returns its exit code, 255 where a signal ended it; -1 with an error where there is no such namespace.
 */
int keeper_join(char **operands, struct error *err);

/* Who makes the rules for packets that leave a bridge, and how netavark is kept from it. */
enum keeper_firewall { FIREWALL_OF_NETAVARK, FIREWALL_NONE, FIREWALL_HIDDEN };

struct keeper {
	const struct keeper_launch *launch;
	enum keeper_firewall firewall;
	int directory, netns;
	pid_t slirp;
	int slirp_exit;
};

/* keeper_setup.c: the namespaces, and slirp4netns for them. */
int keeper_begin(struct keeper *keeper, struct error *err);
/*
 * A bridge has the lowest hardware address of its ports unless it has been given one: with every container that comes or
 * goes it may change, and the others would go on sending to the one before. So it is given the one that it has.
 */
void keeper_settle_bridges(const struct keeper *keeper, json_t *config);
/* In a new process: goes into them. */
int keeper_enter(const struct keeper *keeper);
int keeper_start_slirp(struct keeper *keeper, struct error *err);

/* keeper_netavark.c: `verb` for a container whose namespace is `netns`. */
int keeper_netavark(const struct keeper *keeper, const char *verb, json_t *config, int netns, struct error *err);
pid_t keeper_aardvark_pid(const struct keeper *keeper);
void keeper_start_aardvark(const struct keeper *keeper);

/* keeper_rules.c: begun before slirp4netns is started, and waited for after that. */
struct keeper_rules {
	pid_t version_pid, restore_pid;
	int version, restore;
};
int keeper_rules_begin(const struct keeper *keeper, struct keeper_rules *started);
int keeper_rules_end(struct keeper *keeper, struct keeper_rules *started, struct error *err);
/* The part of a netavark configuration for which netavark makes rules of its own (`guarded`) or doesn't; NULL: nothing. */
json_t *keeper_rules_part(const struct keeper *keeper, json_t *config, bool guarded);
/* What netavark hasn't done for the rest, after its setup. */
int keeper_rules_apply(const struct keeper *keeper, json_t *config, int netns, struct error *err);
/* In a new process, before a program of the network is executed. */
void keeper_environment(const struct keeper *keeper);

/* keeper_dns.c: waits until the name is answered with the address, asked for from inside of `netns`. */
int keeper_await_name(int netns, const char *server, const char *name, const char *address);

/* A message and descriptors, over a SOCK_SEQPACKET socket. */
#define KEEPER_MESSAGE_MAX (128U << 10)
int keeper_send(int socket, const void *data, size_t length, const int *fds, size_t count);
/* At most two descriptors; those that didn't come are -1. Returns the length, 0 at the end, -1 with errno. */
ssize_t keeper_receive(int socket, void *data, size_t size, int fds[2]);

#endif

/* The monitor proper: one container (or exec session), its stdio, its clients, its end. */
#ifndef CORACLE_MONITOR_SUPERVISOR_H
#define CORACLE_MONITOR_SUPERVISOR_H

#include <stdbool.h>
#include <sys/ioctl.h>

#include "client.h"
#include "config.h"
#include "container_io.h"
#include "event.h"
#include "health.h"
#include "log.h"
#include "loop.h"
#include "network.h"
#include "operation.h"
#include "status.h"

enum phase {
	PHASE_SETUP,
	PHASE_CREATING,
	PHASE_NETWORK,  /* created, its network is being made */
	PHASE_CREATED,  /* waits for a start request */
	PHASE_STARTING,
	PHASE_RUNNING,
	PHASE_ENDING,   /* draining output, deleting */
	PHASE_BACKOFF,  /* restart policy: waits for the next run */
	PHASE_ENDED     /* for good; only what clients have not read yet is left */
};

/* What the relay hands to the monitor it forks. */
struct launch {
	struct config *config;
	const char *path; /* of DIR, absolute */
	int directory;    /* of status.json: DIR, or SESSION for an exec session */
	int ready_fd;
	int data, control; /* connections of the relay; data -1: nothing attached */
	unsigned attach;   /* CLIENT_… flags of `data` */
	bool relay_cleans_up; /* an engine follows it to the end and will clean up, then */
	bool no_start;
	struct winsize size; /* of the caller's terminal; 0: none */
};

struct monitor {
	struct config *config;
	const struct launch *launch;
	int ready_fd, lock, alive, run_dir;
	struct loop loop;
	struct source signals, listener, oom;
	struct source notify; /* what the container tells the service manager */
	struct clients clients;
	struct client *relay; /* its control connection, while it is there */
	struct container_io io;
	struct log log;
	struct network network;
	struct health health;
	struct operation operation;
	struct status status;
	struct error error; /* of a start that failed; no code: none */
	enum phase phase;
	bool start_wanted, stop_wanted, restart_wanted;
	bool held, let_go; /* paused for a client that is connected; it is gone */
	bool started, paused, init_ended, deleted, unmounted, relay_told, init_logged;
	bool notified, notified_healthy;
	bool timed_out; /* its --timeout has ended it */
	bool oom_seen;
	int oom_above;	       /* memory.events of the cgroup above the container's */
	long oom_above_before; /* what it had counted when that of the container was read last */
	pid_t init, rootfs_helper;
	int init_status;       /* of waitpid */
	int start_socket[2];   /* of our own runtime: our end, that of init */
	int pending_signal;    /* asked for before the start */
	int backoff_ms;
	char oom_score[16]; /* before ours was lowered; empty: it was not */
	long long running_since;
};

/* Supervises to the end; returns the monitor's exit code. */
int supervise(const struct launch *launch);

/* Requests of clients and signals. */
void supervisor_start(struct monitor *m);
void supervisor_stop(struct monitor *m, int timeout, int signal);
void supervisor_kill(struct monitor *m, int signal);
/* Ends the container and runs it again, whatever its restart policy. */
void supervisor_restart(struct monitor *m);
/* All output has been read: the container's end may be told. */
void supervisor_advance(struct monitor *m);
/* Writes status.json as of the phase. */
void supervisor_write_status(struct monitor *m);
/* A start that failed, at whatever point: everything made so far is undone and the error told. */
void supervisor_fail(struct monitor *m, const struct error *err);
/* The network is there. */
void supervisor_network_ready(struct monitor *m);

/* Takes the exit status of every child that has ended. */
void supervisor_reap(struct monitor *m);
/* One more run, by the restart policy. */
void supervisor_run(struct monitor *m);

/* oom.c: from when init is there to its end. */
void oom_watch(struct monitor *m);
void oom_end(struct monitor *m);

/* end.c: from the end of init to that of the monitor. */
void end_begin(struct monitor *m);
/* Goes on with it as far as possible now. */
void end_advance(struct monitor *m);
void end_timer_expired(struct monitor *m, enum timer timer);
/* Everything is over and told: runs the cleanup, where there is one. Returns its pid, or 0. */
pid_t end_cleanup(struct monitor *m);

#endif

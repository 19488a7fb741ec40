/* coracle-conmon: the command line and the files of conmon(8), for engines that bring their own records (Podman). */
#ifndef CORACLE_CONMON_H
#define CORACLE_CONMON_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"
#include "monitor/config.h"
#include "monitor/log.h"
#include "monitor/loop.h"

int conmon_main(int argc, char **argv);

/* A packet of the attach socket: one byte that names the stream, then data; Podman reads at most this much at once. */
#define CONMON_PACKET 8192
/* What Podman sends at once of a container's stdin. */
#define CONMON_STDIN 32768

struct conmon_options {
	const char *id, *uuid, *runtime, *bundle, *pid_file, *conmon_pid_file, *exit_dir, *persist_dir, *process_file;
	const char *exit_command, *socket_dir, *notify_socket;
	json_t *runtime_args, *runtime_opts, *exit_args;
	bool terminal, open_stdin, leave_stdin_open, exec, exec_attach, systemd_cgroup, no_pivot, no_new_keyring, full_attach;
	bool sync;        /* the caller waits for our end */
	bool unattached;  /* an exec session without a bundle: nobody can attach */
	bool passthrough; /* the container has our stdio */
	unsigned preserve_fds, timeout, exit_delay, api_version;
	struct config log, journal; /* a file's, and journald's: their log_… only, and of the latter id and name */
	bool log_given, log_rotate;
	unsigned log_max_files;
	json_t *log_allowed; /* directories */
};

struct conmon_client {
	struct source source;
	struct conmon_client *next;
	size_t unsent; /* of `packet`, which the client was not ready for */
	bool reads, writes; /* its two directions */
	char packet[CONMON_PACKET];
};

struct conmon {
	struct conmon_options options;
	struct loop loop;
	struct source signals, listener, control, resize, notify, in, out, err;
	struct log log, journal;
	struct conmon_client *clients;
	int bundle;                       /* directory; -1 where there is none */
	int sync_fd, start_fd, attach_fd; /* of the environment; -1 where there is none */
	int child[3];                     /* the container's ends of its stdio, until it is made */
	int oom_events;                   /* memory.events of its cgroup */
	pid_t init;
	int init_status; /* of waitpid */
	bool init_ended, stdin_ending, timed_out;
	size_t stdin_unsent, stdin_sent;
	char stdin_data[CONMON_STDIN];
};

/* options.c. Returns 1 where there is nothing more to do (--version, --help). */
int conmon_parse(struct conmon_options *options, int argc, char **argv, struct error *err);

/* log_options.c: one --log-path, and what is to be checked when all are known. */
int conmon_parse_log(struct conmon_options *options, const char *text, struct error *err);
int conmon_check_logs(struct conmon_options *options, struct error *err);
/* For the rest of our life. */
const char *conmon_absolute(const char *path);

/* stdio.c: what the container writes goes to the log and the clients, what clients write to its stdin. */
int conmon_stdio_prepare(struct conmon *c, struct error *err);
/* The container is made; `terminal` is its pty, -1 where it has none. */
int conmon_stdio_begin(struct conmon *c, int terminal, struct error *err);
/* Recomputes what to wait for. */
void conmon_stdio_update(struct conmon *c);
bool conmon_stdin_full(const struct conmon *c);
void conmon_stdin_write(struct conmon *c, const char *data, size_t length);
/* A client has ended what it writes. */
void conmon_stdin_end(struct conmon *c);
/* After the container's end: reads what is there; what others keep open does not hold us up. */
void conmon_stdio_drain(struct conmon *c);
void conmon_stdio_resize(struct conmon *c, unsigned rows, unsigned columns);

/* attach.c */
int conmon_attach_listen(struct conmon *c, struct error *err);
/* Takes in all who have connected by now. */
void conmon_attach_accept(struct conmon *c);
void conmon_attach_begin(struct conmon *c);
void conmon_attach_output(struct conmon *c, enum stream stream, const char *data, size_t length);
/* Whether a client has not taken what it was last sent. */
bool conmon_attach_behind(const struct conmon *c);
void conmon_attach_update(struct conmon *c);
/* Sends the rest, as long as it is read, and closes. */
void conmon_attach_end(struct conmon *c);

/* control.c: the FIFOs `ctl` and `winsz` of the bundle. */
int conmon_control_open(struct conmon *c, struct error *err);

/* create.c: calls the runtime; fills in c->init. */
int conmon_create(struct conmon *c, struct error *err);

/* sync.c: one line of JSON for the engine on a pipe of the environment. */
int conmon_pipe(const char *variable);
void conmon_tell(const struct conmon *c, int fd, int data, const char *message);
/* Until the engine lets us go on. */
int conmon_await_start(struct conmon *c);

/* notify.c: the socket `notify/notify.sock` of the bundle, whose messages go on to --sdnotify-socket. */
int conmon_notify_open(struct conmon *c, struct error *err);
void conmon_notify_close(struct conmon *c);

/* inherited.c: what the engine has left open for us to hold, ports that are not to be taken. */
void conmon_note_inherited(const struct conmon *c);
void conmon_close_inherited(void);

/* end.c */
/* The OOM killer shall take the container, not who tells of it; what we start has the old value again. */
void conmon_shield(bool on);
void conmon_watch_oom(struct conmon *c);
/* -1 after its timeout, as conmon has it. */
int conmon_exit_code(const struct conmon *c);
int conmon_write_exit(struct conmon *c, struct error *err);
void conmon_run_exit_command(struct conmon *c);

#endif

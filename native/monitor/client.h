/* Clients of the attach socket (frames of PROTOCOL.md section 3). */
#ifndef CORACLE_MONITOR_CLIENT_H
#define CORACLE_MONITOR_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "event.h"
#include "frame.h"
#include "health.h"
#include "loop.h"

#define CLIENT_STDIN 1U
#define CLIENT_STDOUT 2U
#define CLIENT_STDERR 4U
#define CLIENT_DESCRIBE 8U
#define CLIENT_MAX 64
#define CONTROL_PAYLOAD_MAX 16

struct monitor;

struct client {
	struct source source;
	struct client *next;
	struct monitor *monitor;
	unsigned flags;
	bool greeted, dead;
	bool finishing; /* to be closed once it has taken everything */
	bool awaits_start, awaits_stop, awaits_pause, awaits_network;
	bool holds; /* the container is paused for as long as it is connected */
	enum health_request health;
	unsigned char header[FRAME_HEADER];
	size_t header_length, payload_left;
	unsigned char payload[CONTROL_PAYLOAD_MAX];
	size_t payload_length;
	char *queue; /* what the client has not taken yet */
	size_t queue_length, queue_sent;
	size_t unread_answers; /* at most, of those in the queue */
};

struct clients {
	struct client *first;
	size_t count;
};

/* Listens on runDir/attach. */
int client_listen(struct monitor *m, struct error *err);
struct client *client_add(struct monitor *m, int fd, unsigned flags, bool greeted);
void client_send(struct client *client, char type, const void *data, size_t length);
/* {"ok":true}, or false with the error. */
void client_answer(struct client *client, const struct error *err);
/* {"ok":true,"health":…} */
void client_answer_health(struct client *client, enum health_outcome outcome);
/* Output goes to every client that asked for the stream. */
void clients_output(struct monitor *m, char type, const char *data, size_t length);
/* Whether one of them hasn't taken all output yet: reading more would need memory without bound. */
bool clients_behind(const struct monitor *m);
size_t clients_queued(const struct monitor *m);
/* Reads again from clients that waited for the container to take its stdin. */
void clients_resume_stdin(struct monitor *m);
/* The end: X to all, who are closed once they have taken everything; also the answers that waited for it. */
void clients_tell_ending(struct monitor *m, const struct ending *ending);
/* Whether the peer is still there, as of now. */
bool client_connected(const struct client *client);
/* Frees what was closed since the last call; called between events only. */
void clients_sweep(struct monitor *m);
void client_close(struct client *client);

/* control.c: a whole control frame has come in. */
void control_frame(struct client *client, char type, const unsigned char *payload, size_t length);
/* The client that had the container paused is gone, maybe killed. */
void control_let_go(struct monitor *m);

#endif

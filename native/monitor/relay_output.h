/* The monitor's frames, written to stdout and stderr as they come, however slowly those are read. */
#ifndef CORACLE_MONITOR_RELAY_OUTPUT_H
#define CORACLE_MONITOR_RELAY_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"
#include "frame.h"

#define OUTPUT_BUFFER 65536

enum output_event {
	OUTPUT_MORE,
	OUTPUT_NOTHING, /* not now */
	OUTPUT_EXIT,    /* X has come: its text is there */
	OUTPUT_BROKEN,  /* nobody reads stdout any more */
	OUTPUT_FAILED,  /* it can't be written: errno tells why */
	OUTPUT_CLOSED   /* the monitor is gone */
};

struct relay_output {
	unsigned char header[FRAME_HEADER];
	size_t header_length, payload_left;
	char buffer[OUTPUT_BUFFER];
	size_t length, written;
	char text[EVENT_MAX];
	size_t text_length;
	struct {
		int fd;
		enum { BLOCKING, NONBLOCKING, SOCKET, FILE_ON_DISK } kind;
	} stream[3];
};

void relay_output_init(struct relay_output *output);
/* Descriptor that has to become writable before more is read, or -1. */
int relay_output_waits(const struct relay_output *output);
/* The stream, 1 or 2, of what is being written. */
int relay_output_stream(const struct relay_output *output);
/* Whether to try a write before poll(2) has said that it would work. */
bool relay_output_may_try(const struct relay_output *output);
enum output_event relay_output_write(struct relay_output *output);
enum output_event relay_output_read(struct relay_output *output, int data);

#endif

#include "relay_output.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void relay_output_init(struct relay_output *output)
{
	for (int fd = 1; fd <= 2; fd++) {
		struct stat st;
		output->is_pipe[fd] = fstat(fd, &st) == 0 && !S_ISREG(st.st_mode);
	}
}

static int target(const struct relay_output *output)
{
	return output->header[0] == 'E' ? STDERR_FILENO : STDOUT_FILENO;
}

int relay_output_waits(const struct relay_output *output)
{
	return output->written < output->length ? target(output) : -1;
}

/*
 * Our stdio is shared with others, so it can't be made non-blocking. A pipe that polls writable takes PIPE_BUF bytes
 * without blocking; while we wait in poll(2) instead of write(2), signals and resizes go on.
 */
enum output_event relay_output_write(struct relay_output *output)
{
	int fd = target(output);
	size_t length = output->length - output->written;
	if (output->is_pipe[fd] && length > PIPE_BUF)
		length = PIPE_BUF;
	ssize_t n = write(fd, output->buffer + output->written, length);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return OUTPUT_MORE;
	if (n < 0)
		return OUTPUT_BROKEN;
	output->written += (size_t)n;
	return OUTPUT_MORE;
}

static enum output_event payload(struct relay_output *output, size_t n)
{
	output->payload_left -= n;
	if (output->payload_left == 0)
		output->header_length = 0;
	switch (output->header[0]) {
	case 'O':
	case 'E':
		output->length = n;
		output->written = 0;
		break;
	case 'X':
		for (size_t i = 0; i < n && output->text_length < sizeof output->text; i++)
			output->text[output->text_length++] = output->buffer[i];
		if (output->payload_left == 0)
			return OUTPUT_EXIT;
		break;
	default:
		break;
	}
	return OUTPUT_MORE;
}

enum output_event relay_output_read(struct relay_output *output, int data)
{
	bool in_header = output->header_length < FRAME_HEADER;
	void *into = in_header ? (char *)output->header + output->header_length : output->buffer;
	size_t want = in_header ? FRAME_HEADER - output->header_length : output->payload_left;
	if (want > sizeof output->buffer)
		want = sizeof output->buffer;
	ssize_t n = recv(data, into, want, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return OUTPUT_MORE;
	if (n <= 0)
		return OUTPUT_CLOSED;
	if (!in_header)
		return payload(output, (size_t)n);
	output->header_length += (size_t)n;
	if (output->header_length == FRAME_HEADER) {
		output->payload_left = get_u32(output->header + 1);
		if (output->payload_left == 0)
			output->header_length = 0;
	}
	return OUTPUT_MORE;
}

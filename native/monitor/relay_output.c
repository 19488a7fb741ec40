#include "relay_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Our stdio is shared with others, so it can't be made non-blocking. A pipe or terminal can be opened once more, for
 * ourselves. Where that fails: a pipe that polls writable takes PIPE_BUF bytes without blocking. What matters is to
 * wait in poll(2), where signals and resizes are seen, and not in write(2).
 */
static void open_stream(struct relay_output *output, int fd)
{
	char path[32];
	struct stat st;
	output->stream[fd].fd = fd;
	output->stream[fd].kind = BLOCKING;
	if (fstat(fd, &st) < 0)
		return;
	if (S_ISREG(st.st_mode))
		output->stream[fd].kind = FILE_ON_DISK;
	if (S_ISSOCK(st.st_mode))
		output->stream[fd].kind = SOCKET;
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0)
		return;
	output->stream[fd].fd = own;
	output->stream[fd].kind = NONBLOCKING;
}

void relay_output_init(struct relay_output *output)
{
	open_stream(output, STDOUT_FILENO);
	open_stream(output, STDERR_FILENO);
}

int relay_output_stream(const struct relay_output *output)
{
	return output->header[0] == 'E' ? STDERR_FILENO : STDOUT_FILENO;
}

int relay_output_waits(const struct relay_output *output)
{
	return output->written < output->length ? output->stream[relay_output_stream(output)].fd : -1;
}

enum output_event relay_output_write(struct relay_output *output)
{
	int stream = relay_output_stream(output), fd = output->stream[stream].fd;
	size_t length = output->length - output->written;
	const char *data = output->buffer + output->written;
	if (output->stream[stream].kind == BLOCKING && length > PIPE_BUF)
		length = PIPE_BUF;
	ssize_t n = output->stream[stream].kind == SOCKET ? send(fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL)
							  : write(fd, data, length);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return OUTPUT_NOTHING;
	if (n < 0)
		return errno == EPIPE ? OUTPUT_BROKEN : OUTPUT_FAILED;
	output->written += (size_t)n;
	return OUTPUT_MORE;
}

bool relay_output_may_try(const struct relay_output *output)
{
	return output->stream[relay_output_stream(output)].kind != BLOCKING;
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
		return OUTPUT_NOTHING;
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

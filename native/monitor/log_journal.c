#include "log_journal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "text.h"

#define PATIENCE_MS 5000 /* with a journald that does not read; the container has to wait for as long */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

void journal_add_field(struct text *text, const char *name, const char *value, size_t length)
{
	if (!memchr(value, '\n', length)) {
		text_add(text, "%s=", name);
	} else {
		uint64_t size = htole64(length);
		text_add(text, "%s\n", name);
		text_add_bytes(text, &size, sizeof size);
	}
	text_add_bytes(text, value, length);
	text_add_bytes(text, "\n", 1);
}

static int make_fields(struct journal *journal, const struct config *config)
{
	const char *tag = config->log_tag ? config->log_tag : "";
	const char *identifier = tag[0] ? tag : config->name[0] ? config->name : config->id;
	size_t id = strlen(config->id), name = strlen(config->name), size = 256 + 4 * id + 2 * name + 2 * strlen(tag), i;
	json_t *label;
	json_array_foreach(config->log_labels, i, label)
		size += json_string_length(label) + 16;
	journal->fields = malloc(size);
	if (!journal->fields)
		return -1;
	struct text text = {.data = journal->fields, .size = size};
	journal_add_field(&text, "CONTAINER_ID_FULL", config->id, id);
	journal_add_field(&text, "CONTAINER_ID", config->id, id < SHORT_ID ? id : SHORT_ID);
	if (name > 0)
		journal_add_field(&text, "CONTAINER_NAME", config->name, name);
	if (tag[0])
		journal_add_field(&text, "CONTAINER_TAG", tag, strlen(tag));
	journal_add_field(&text, "SYSLOG_IDENTIFIER", identifier, identifier == config->id && id > SHORT_ID ? SHORT_ID : strlen(identifier));
	json_array_foreach(config->log_labels, i, label) {
		const char *equals = strchr(json_string_value(label), '=');
		auto_free char *field = strndup(json_string_value(label), (size_t)(equals - json_string_value(label)));
		if (field)
			journal_add_field(&text, field, equals + 1, strlen(equals + 1));
	}
	journal->fields_length = text.length;
	return 0;
}

static int connect_journal(struct journal *journal)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(journal->socket) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, journal->socket);
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -1;
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = steal_fd(&fd);
	return 0;
}

int journal_open(struct journal *journal, const struct config *config, struct error *err)
{
	journal->fd = -1;
	journal->socket = config->log_path;
	journal->stalled = false;
	journal->no_partial = config->log_no_partial;
	memset(journal->line_length, 0, sizeof journal->line_length);
	memset(journal->priority, 0, sizeof journal->priority);
	if (connect_journal(journal) < 0)
		return error_errno(err, "no-journal", "log driver journald: connect to %s", journal->socket);
	if (make_fields(journal, config) < 0)
		return error_errno(err, "internal", "allocate");
	return 0;
}

static ssize_t send_parts(int fd, struct iovec *parts, size_t count, int passed)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
	if (passed >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
		control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static bool wait_for_room(const struct journal *journal)
{
	struct pollfd room = {.fd = journal->fd, .events = POLLOUT};
	return !journal->stalled && poll(&room, 1, PATIENCE_MS) > 0;
}

/* -1 when it is given up. */
static int deliver(struct journal *journal, struct iovec *parts, size_t count, int passed)
{
	bool connected = false;
	while (send_parts(journal->fd, parts, count, passed) < 0) {
		switch (errno) {
		case EINTR:
			continue;
		case EAGAIN:
			if (wait_for_room(journal))
				continue;
			journal->stalled = true;
			errno = EAGAIN;
			return -1;
		case ECONNREFUSED: /* its socket was made anew */
		case ECONNRESET:
		case ENOTCONN:
			if (connected || connect_journal(journal) < 0)
				return -1;
			connected = true;
			continue;
		default:
			return -1;
		}
	}
	journal->stalled = false;
	return 0;
}

/* What is too large for a datagram is passed as a file that can't be changed any more. */
static void deliver_file(struct journal *journal, const struct iovec *parts, size_t count)
{
	auto_close int fd = memfd_create("journal-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (write_full(fd, parts[i].iov_base, parts[i].iov_len) < 0)
			return;
	if (fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		deliver(journal, NULL, 0, fd);
}

static struct iovec part(const char *data, size_t length)
{
	return (struct iovec){.iov_base = (void *)data, .iov_len = length};
}

#define LITERAL(text) part(text, sizeof(text) - 1)

/* At the beginning of a line: its priority, and the length of what says so. */
static size_t read_priority(const struct journal *journal, enum stream stream, const char *data, size_t length, char *priority)
{
	char start[3];
	size_t kept = journal->line_length[stream] < sizeof start ? journal->line_length[stream] : sizeof start;
	size_t more = length < sizeof start - kept ? length : sizeof start - kept;
	*priority = stream == STREAM_STDERR ? '3' : '6';
	memcpy(start, journal->line[stream], kept);
	memcpy(start + kept, data, more);
	if (kept + more < sizeof start || start[0] != '<' || start[1] < '0' || start[1] > '7' || start[2] != '>')
		return 0;
	*priority = start[1];
	return sizeof start;
}

/* `data` goes on where what is kept of the stream's line ends. */
static void send_entry(struct journal *journal, enum stream stream, const char *data, size_t length, bool partial)
{
	char priority[] = "PRIORITY=N\n", *level = &priority[sizeof "PRIORITY=" - 1];
	size_t kept = journal->line_length[stream], skip = 0, skip_kept;
	if (journal->priority[stream] == 0)
		skip = read_priority(journal, stream, data, length, &journal->priority[stream]);
	skip_kept = skip < kept ? skip : kept;
	*level = journal->priority[stream];
	struct iovec parts[] = {
		LITERAL("MESSAGE="),
		part(journal->line[stream] + skip_kept, kept - skip_kept),
		part(data + (skip - skip_kept), length - (skip - skip_kept)),
		LITERAL("\n"),
		part(journal->fields, journal->fields_length),
		part(priority, sizeof priority - 1),
		LITERAL("CONTAINER_PARTIAL_MESSAGE=true\n"),
	};
	size_t count = sizeof parts / sizeof *parts - (partial && !journal->no_partial ? 0 : 1);
	if (deliver(journal, parts, count, -1) < 0 && (errno == EMSGSIZE || errno == ENOBUFS))
		deliver_file(journal, parts, count);
	journal->line_length[stream] = 0;
	if (!partial)
		journal->priority[stream] = 0;
}

int journal_connect(const char *socket)
{
	struct journal journal = {.fd = -1, .socket = socket};
	return connect_journal(&journal) < 0 ? -1 : journal.fd;
}

void journal_send(int fd, const char *fields, size_t length)
{
	struct journal journal = {.fd = fd, .socket = ""};
	struct iovec all = part(fields, length);
	if (deliver(&journal, &all, 1, -1) < 0 && (errno == EMSGSIZE || errno == ENOBUFS))
		deliver_file(&journal, &all, 1);
}

void journal_write(struct journal *journal, enum stream stream, const char *data, size_t length)
{
	while (length > 0) {
		size_t room = JOURNAL_LINE - journal->line_length[stream];
		const char *newline = memchr(data, '\n', length < room ? length : room);
		if (!newline && length < room) {
			memcpy(journal->line[stream] + journal->line_length[stream], data, length);
			journal->line_length[stream] += length;
			return;
		}
		size_t line = newline ? (size_t)(newline - data) : room;
		send_entry(journal, stream, data, line, !newline);
		line += newline ? 1 : 0;
		data += line;
		length -= line;
	}
}

/* Who looks at the log when the container has ended shall find all of it. */
static void wait_until_taken(const struct journal *journal)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	int waiting = 0;
	for (int i = 0; i < PATIENCE_MS && !journal->stalled; i++) {
		if (ioctl(journal->fd, SIOCOUTQ, &waiting) < 0 || waiting == 0)
			return;
		nanosleep(&moment, NULL);
	}
}

void journal_close(struct journal *journal)
{
	if (journal->fd < 0)
		return;
	for (int i = 0; i < STREAM_COUNT; i++)
		if (journal->line_length[i] > 0)
			send_entry(journal, (enum stream)i, "", 0, true);
	wait_until_taken(journal);
	close(steal_fd(&journal->fd));
	free(journal->fields);
	journal->fields = NULL;
}

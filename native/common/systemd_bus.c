/* The wire format is that of the D-Bus specification, "Message Protocol" and "Authentication Protocol". */
#include "systemd_bus.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "socket_path.h"

#define TIMEOUT_S 20
#define WAIT_MS 5000
#define MESSAGE_MAX (1 << 16)

enum message_type { METHOD_CALL = 1, METHOD_RETURN, METHOD_ERROR };
enum header_field { FIELD_PATH = 1, FIELD_INTERFACE, FIELD_MEMBER, FIELD_ERROR_NAME, FIELD_DESTINATION = 6, FIELD_SIGNATURE = 8 };

struct message {
	unsigned char data[4096];
	size_t length;
	bool full;
};

static void put(struct message *m, const void *data, size_t length)
{
	if (length > sizeof m->data - m->length) {
		m->full = true;
		return;
	}
	memcpy(m->data + m->length, data, length);
	m->length += length;
}

static void put_byte(struct message *m, unsigned char value)
{
	put(m, &value, 1);
}

static void align(struct message *m, size_t to)
{
	while (m->length % to && !m->full)
		put_byte(m, 0);
}

static void put_number(struct message *m, uint32_t value)
{
	align(m, 4);
	put(m, &value, sizeof value);
}

static void put_long(struct message *m, uint64_t value)
{
	align(m, 8);
	put(m, &value, sizeof value);
}

static void put_string(struct message *m, const char *text)
{
	put_number(m, (uint32_t)strlen(text));
	put(m, text, strlen(text) + 1);
}

static void put_signature(struct message *m, const char *text)
{
	put_byte(m, (unsigned char)strlen(text));
	put(m, text, strlen(text) + 1);
}

/* An array of things that are aligned to 8. Returns what end_array() needs. */
static size_t begin_array(struct message *m)
{
	put_number(m, 0);
	size_t place = m->length;
	align(m, 8);
	return place;
}

static void end_array(struct message *m, size_t place)
{
	size_t start = (place + 7) / 8 * 8;
	uint32_t length = (uint32_t)(m->length - start);
	if (!m->full)
		memcpy(m->data + place - sizeof length, &length, sizeof length);
}

static void put_property(struct message *m, const struct systemd_property *property)
{
	char signature[2] = {property->type, '\0'};
	align(m, 8);
	put_string(m, property->name);
	put_signature(m, signature);
	if (property->type == 's')
		put_string(m, property->text);
	else if (property->type == 't')
		put_long(m, property->number);
	else
		put_number(m, property->number != 0);
}

static void put_processes(struct message *m, pid_t pid)
{
	align(m, 8);
	put_string(m, "PIDs");
	put_signature(m, "au");
	put_number(m, sizeof(uint32_t));
	put_number(m, (uint32_t)pid);
}

static void put_scope(struct message *m, const char *unit, pid_t pid, const struct systemd_property *properties, size_t count)
{
	put_string(m, unit);
	put_string(m, "fail");
	size_t array = begin_array(m);
	for (size_t i = 0; i < count; i++)
		put_property(m, &properties[i]);
	put_processes(m, pid);
	end_array(m, array);
	end_array(m, begin_array(m)); /* no other units */
}

static void put_field(struct message *m, enum header_field field, const char *signature, const char *text)
{
	align(m, 8);
	put_byte(m, (unsigned char)field);
	put_signature(m, signature);
	if (*signature == 'g')
		put_signature(m, text);
	else
		put_string(m, text);
}

static void put_header(struct message *m, const char *member, const char *signature, size_t body)
{
	const unsigned char start[] = {__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B', METHOD_CALL, 0, 1};
	put(m, start, sizeof start);
	put_number(m, (uint32_t)body);
	put_number(m, 1); /* serial */
	size_t array = begin_array(m);
	put_field(m, FIELD_PATH, "o", "/org/freedesktop/systemd1");
	put_field(m, FIELD_INTERFACE, "s", "org.freedesktop.systemd1.Manager");
	put_field(m, FIELD_MEMBER, "s", member);
	put_field(m, FIELD_DESTINATION, "s", "org.freedesktop.systemd1");
	put_field(m, FIELD_SIGNATURE, "g", signature);
	end_array(m, array);
	align(m, 8);
}

/* The id that the kernel tells others of us: a user namespace maps ours. */
static unsigned long outer_uid(void)
{
	unsigned long first, outside, count, uid = geteuid();
	auto_free char *map = read_file_at(AT_FDCWD, "/proc/self/uid_map", 4096, NULL);
	for (const char *line = map; line && *line; line = strchr(line, '\n'), line += line != NULL)
		if (sscanf(line, "%lu %lu %lu", &first, &outside, &count) == 3 && uid >= first && uid - first < count)
			return outside + (uid - first);
	return uid;
}

bool systemd_is_users(void)
{
	return outer_uid() != 0;
}

static int connect_manager(struct error *err)
{
	char path[4096];
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	if (!systemd_is_users())
		snprintf(path, sizeof path, "/run/systemd");
	else if (runtime && *runtime == '/')
		snprintf(path, sizeof path, "%s/systemd", runtime);
	else
		snprintf(path, sizeof path, "/run/user/%lu/systemd", outer_uid());
	auto_close int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	if (directory < 0 || fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0 ||
	    socket_connect_at(fd, directory, "private") < 0)
		return error_errno(err, "runtime-failed",
				   "reach systemd at %s/private (without a user manager use --cgroup-manager=cgroupfs)", path);
	return steal_fd(&fd);
}

/* Authentication by the socket's credentials; the caller's messages may follow at once. */
static int authenticate(int fd)
{
	char id[24], text[96];
	snprintf(id, sizeof id, "%lu", outer_uid());
	int n = snprintf(text, sizeof text, "%cAUTH EXTERNAL ", 0);
	for (const char *c = id; *c; c++)
		n += snprintf(text + n, sizeof text - (size_t)n, "%02x", (unsigned char)*c);
	n += snprintf(text + n, sizeof text - (size_t)n, "\r\nBEGIN\r\n");
	return write_full(fd, text, (size_t)n) < 0 ? -1 : 0;
}

static int read_exactly(int fd, void *buffer, size_t length)
{
	ssize_t n = read_full(fd, buffer, length);
	if (n >= 0 && (size_t)n < length)
		errno = ECONNRESET;
	return n < 0 || (size_t)n < length ? -1 : 0;
}

static int read_authenticated(int fd)
{
	char line[256];
	for (size_t n = 0; n < sizeof line - 1; n++) {
		if (read_exactly(fd, line + n, 1) < 0)
			return -1;
		if (line[n] != '\n')
			continue;
		if (n >= 2 && strncmp(line, "OK", 2) == 0)
			return 0;
		break;
	}
	errno = EACCES;
	return -1;
}

/* The next message. `body` starts at an offset of `data`; both are below MESSAGE_MAX. Returns its type or -1. */
static int read_message(int fd, unsigned char data[MESSAGE_MAX], size_t *fields, size_t *body, size_t *length)
{
	uint32_t body_length, fields_length;
	if (read_exactly(fd, data, 16) < 0)
		return -1;
	memcpy(&body_length, data + 4, sizeof body_length);
	memcpy(&fields_length, data + 12, sizeof fields_length);
	if (fields_length > MESSAGE_MAX / 2 || body_length > MESSAGE_MAX / 2 - 32) {
		errno = EMSGSIZE;
		return -1;
	}
	*fields = fields_length;
	*body = 16 + (fields_length + 7) / 8 * 8;
	*length = *body + body_length;
	return read_exactly(fd, data + 16, *length - 16) < 0 ? -1 : data[1];
}

static int refused(const char *method, const char *unit, const unsigned char *data, size_t fields, size_t body, size_t length, struct error *err)
{
	uint32_t size;
	char text[256] = "no reason given";
	if (length - body > sizeof size) {
		memcpy(&size, data + body, sizeof size);
		if (size < length - body - sizeof size)
			snprintf(text, sizeof text, "%.*s", (int)size, (const char *)data + body + sizeof size);
	}
	error_set(err, "runtime-failed", "systemd refused %s of %s: %s", method, unit, text);
	if (memmem(data + 16, fields, "UnitExists", 10))
		err->errnum = EEXIST;
	if (memmem(data + 16, fields, "NoSuchUnit", 10))
		err->errnum = ENOENT;
	return -1;
}

static int read_reply(int fd, const char *method, const char *unit, struct error *err)
{
	auto_free unsigned char *data = malloc(MESSAGE_MAX);
	size_t fields, body, length;
	if (!data || read_authenticated(fd) < 0)
		return error_errno(err, "runtime-failed", "introduce ourselves to systemd");
	for (;;) {
		int type = read_message(fd, data, &fields, &body, &length);
		if (type < 0)
			return error_errno(err, "runtime-failed", "hear from systemd about %s of %s", method, unit);
		if (type == METHOD_RETURN)
			return 0;
		if (type == METHOD_ERROR)
			return refused(method, unit, data, fields, body, length, err);
	}
}

/* One method call about a unit. */
static int call(const char *method, const char *signature, const struct message *body, const char *unit, struct error *err)
{
	struct message header = {0};
	put_header(&header, method, signature, body->length);
	if (body->full || header.full)
		return error_set(err, "runtime-failed", "systemd's %s cannot be called for %s: too long", method, unit);
	auto_close int fd = connect_manager(err);
	if (fd < 0)
		return -1;
	if (authenticate(fd) < 0 || write_full(fd, header.data, header.length) < 0 || write_full(fd, body->data, body->length) < 0)
		return error_errno(err, "runtime-failed", "call systemd's %s for %s", method, unit);
	return read_reply(fd, method, unit, err);
}

static bool is_in_scope(pid_t pid, const char *unit)
{
	char file[64];
	snprintf(file, sizeof file, "/proc/%d/cgroup", (int)pid);
	auto_free char *text = read_file_at(AT_FDCWD, file, 1 << 16, NULL);
	char *line = text ? strstr(text, "0::/") : NULL;
	if (!line)
		return false;
	line[strcspn(line, "\n")] = '\0';
	const char *name = strrchr(line, '/');
	return name && strcmp(name + 1, unit) == 0;
}

int systemd_start_scope(const char *unit, pid_t pid, const struct systemd_property *properties, size_t count,
			struct error *err)
{
	struct message body = {0};
	put_scope(&body, unit, pid, properties, count);
	for (int waited = 0; call("StartTransientUnit", "ssa(sv)a(sa(sv))", &body, unit, err) < 0; waited += 10) {
		if (err->errnum != EEXIST || waited > WAIT_MS)
			return -1;
		poll(NULL, 0, 10);
	}
	/* The reply says that the job is queued. */
	for (int waited = 0; waited < WAIT_MS; waited++) {
		if (is_in_scope(pid, unit))
			return 0;
		poll(NULL, 0, 1);
	}
	errno = ETIMEDOUT;
	return error_errno(err, "runtime-failed", "wait for systemd to start the scope %s", unit);
}

int systemd_stop_unit(const char *unit, struct error *err)
{
	struct message body = {0};
	put_string(&body, unit);
	put_string(&body, "replace");
	return call("StopUnit", "ss", &body, unit, err) < 0 && err->errnum != ENOENT ? -1 : 0;
}

int systemd_set_properties(const char *unit, const struct systemd_property *properties, size_t count, struct error *err)
{
	struct message body = {0};
	put_string(&body, unit);
	put_number(&body, 1); /* not written to a drop-in */
	size_t array = begin_array(&body);
	for (size_t i = 0; i < count; i++)
		put_property(&body, &properties[i]);
	end_array(&body, array);
	return call("SetUnitProperties", "sba(sv)", &body, unit, err);
}

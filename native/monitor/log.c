#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "status.h"
#include "text.h"
#include "timestamp.h"
#include "utf8.h"

/* Entries of one read are gathered here and written at once. */
#define BATCH 16384
#define JSON_OVERHEAD 128 /* keys, stream and time of an entry */

static int open_file(struct log *log, int extra)
{
	/* NOFOLLOW: a log that is a link leads elsewhere; NONBLOCK: one that is a FIFO would hold us up. */
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	log->fd = openat(log->directory, log->name, flags | extra, 0600);
	struct stat st;
	if (log->fd < 0 || fstat(log->fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		close(steal_fd(&log->fd));
		errno = EINVAL;
		return -1;
	}
	log->size = (unsigned long long)st.st_size;
	return 0;
}

int log_open(struct log *log, const struct config *config, struct error *err)
{
	*log = (struct log){.driver = config->log, .fd = -1, .directory = -1};
	if (config->log == LOG_JOURNALD)
		return journal_open(&log->journal, config, err);
	if (config->log != LOG_K8S && config->log != LOG_JSON)
		return 0;
	log->max_size = config->log_max_size;
	log->max_file = config->log_max_file;
	const char *slash = strrchr(config->log_path, '/');
	auto_free char *directory = strndup(config->log_path, (size_t)(slash - config->log_path) + 1);
	log->name = slash + 1;
	if (directory)
		log->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (log->directory < 0 || open_file(log, 0) < 0)
		return error_errno(err, "internal", "open log %s", config->log_path);
	return 0;
}

/* path → path.1 → path.2 …; a follower that has the old file open can read it to its end. */
static void rotate(struct log *log)
{
	char from[300], to[300];
	close(steal_fd(&log->fd));
	for (unsigned i = log->max_file - 1; i > 0; i--) {
		snprintf(to, sizeof to, "%s.%u", log->name, i);
		snprintf(from, sizeof from, "%s.%u", log->name, i - 1);
		renameat(log->directory, i > 1 ? from : log->name, log->directory, to);
	}
	unlinkat(log->directory, log->name, 0);
	open_file(log, O_EXCL);
}

void log_reopen(struct log *log)
{
	if (log->directory < 0)
		return;
	if (log->fd >= 0 && log->max_file > 1) {
		rotate(log);
		return;
	}
	if (log->fd >= 0)
		close(steal_fd(&log->fd));
	open_file(log, 0);
}

struct batch {
	struct log *log;
	struct text text;
};

static void flush(struct batch *batch)
{
	struct log *log = batch->log;
	if (log->fd >= 0 && batch->text.length > 0 && write_full(log->fd, batch->text.data, batch->text.length) >= 0)
		log->size += batch->text.length;
	batch->text.length = 0;
}

/* Makes room for an entry of at most `length` bytes: in the buffer, and in the file under its limit. */
static void reserve(struct batch *batch, size_t length)
{
	struct log *log = batch->log;
	unsigned long long size = log->size + batch->text.length;
	if (log->max_size > 0 && size > 0 && size + length > log->max_size) {
		flush(batch);
		if (log->fd >= 0)
			rotate(log);
	} else if (batch->text.length + length >= batch->text.size) {
		flush(batch);
	}
}

static void k8s_time(char time[TIME_MAX])
{
	struct timespec now;
	struct tm tm;
	char zone[8] = "+0000";
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	size_t n = strftime(time, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof zone, "%z", &tm);
	snprintf(time + n, TIME_MAX - n, ".%09ld%.3s:%.2s", now.tv_nsec, zone, zone + 3);
}

static void write_k8s(struct batch *batch, enum stream stream, const char *data, size_t length)
{
	char prefix[TIME_MAX + 16], time[TIME_MAX];
	k8s_time(time);
	int n = snprintf(prefix, sizeof prefix, "%s %s ", time, stream == STREAM_STDERR ? "stderr" : "stdout");
	while (length > 0) {
		const char *newline = memchr(data, '\n', length);
		size_t line = newline ? (size_t)(newline - data) : length;
		size_t room = batch->text.size - (size_t)n - 8;
		bool partial = !newline || line > room;
		if (line > room)
			line = room;
		reserve(batch, (size_t)n + line + 3);
		text_add_bytes(&batch->text, prefix, (size_t)n);
		text_add_bytes(&batch->text, partial ? "P " : "F ", 2);
		text_add_bytes(&batch->text, data, line);
		text_add_bytes(&batch->text, "\n", 1);
		line += partial ? 0 : 1;
		data += line;
		length -= line;
	}
}

static void json_entry(struct batch *batch, enum stream stream, const char *time, const char *data, size_t length)
{
	text_add(&batch->text, "{\"log\":\"");
	text_add_escaped(&batch->text, data, length);
	text_add(&batch->text, "\",\"stream\":\"%s\",\"time\":\"%s\"}\n", stream == STREAM_STDERR ? "stderr" : "stdout", time);
}

/* Length of the first entry's part of data: a line, or as many characters as fit with all their escapes. */
static size_t json_piece(const char *data, size_t length, size_t room, size_t *escaped)
{
	size_t piece = 0;
	*escaped = 0;
	while (piece < length) {
		size_t bytes, size = text_escaped_size(data + piece, length - piece, &bytes);
		if (*escaped + size > room)
			break;
		*escaped += size;
		piece += bytes;
		if (data[piece - 1] == '\n')
			break;
	}
	return piece;
}

static void json_entries(struct batch *batch, enum stream stream, const char *data, size_t length)
{
	char time[TIME_MAX];
	time_now(time);
	while (length > 0) {
		size_t escaped, piece = json_piece(data, length, batch->text.size - JSON_OVERHEAD, &escaped);
		reserve(batch, escaped + JSON_OVERHEAD - 1);
		json_entry(batch, stream, time, data, piece);
		data += piece;
		length -= piece;
	}
}

/* Number of bytes at the end that begin a character whose rest is yet to be read. */
static size_t cut_character(const char *data, size_t length)
{
	for (size_t back = 1; back <= 3 && back <= length; back++) {
		if (((unsigned char)data[length - back] & 0xc0) != 0x80)
			return utf8_length(data + length - back, back) < 0 ? back : 0;
	}
	return 0;
}

static void write_json(struct batch *batch, enum stream stream, const char *data, size_t length)
{
	struct log *log = batch->log;
	if (log->cut_length[stream] > 0) {
		char whole[8];
		size_t have = log->cut_length[stream], n = have;
		memcpy(whole, log->cut[stream], have);
		while (length > 0 && n < 4 && utf8_length(whole, n) < 0) {
			whole[n++] = *data++;
			length--;
		}
		if (utf8_length(whole, n) < 0) {
			memcpy(log->cut[stream], whole, n);
			log->cut_length[stream] = (unsigned char)n;
			return;
		}
		log->cut_length[stream] = 0;
		json_entries(batch, stream, whole, n);
	}
	size_t cut = cut_character(data, length);
	memcpy(log->cut[stream], data + length - cut, cut);
	log->cut_length[stream] = (unsigned char)cut;
	json_entries(batch, stream, data, length - cut);
}

void log_write(struct log *log, enum stream stream, const char *data, size_t length)
{
	char buffer[BATCH];
	struct batch batch = {.log = log, .text = TEXT(buffer)};
	if (log->driver == LOG_JOURNALD)
		journal_write(&log->journal, stream, data, length);
	if (log->fd < 0 || length == 0)
		return;
	if (log->driver == LOG_K8S)
		write_k8s(&batch, stream, data, length);
	else
		write_json(&batch, stream, data, length);
	flush(&batch);
}

void log_close(struct log *log)
{
	if (log->driver == LOG_JOURNALD)
		journal_close(&log->journal);
	if (log->driver == LOG_JSON && log->fd >= 0) {
		char buffer[512];
		struct batch batch = {.log = log, .text = TEXT(buffer)};
		for (int i = 0; i < STREAM_COUNT; i++) {
			json_entries(&batch, (enum stream)i, log->cut[i], log->cut_length[i]);
			log->cut_length[i] = 0;
		}
		flush(&batch);
	}
	if (log->fd >= 0)
		close(steal_fd(&log->fd));
	if (log->directory >= 0)
		close(steal_fd(&log->directory));
}

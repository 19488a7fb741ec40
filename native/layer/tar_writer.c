#include "tar_writer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "report.h"
#include "tar_header.h"

#define SIZE_FIELD_MAX 077777777777ULL
#define ID_FIELD_MAX 07777777ULL

/* Records of a PAX header under construction. */
struct records {
	char *text;
	size_t length;
};

int tar_writer_init(struct tar_writer *writer, int fd, struct error *err)
{
	*writer = (struct tar_writer){.fd = fd, .buffer = malloc(TAR_WRITER_BUFFER)};
	return writer->buffer ? 0 : fail_errno(err, "write the tar archive");
}

void tar_writer_free(struct tar_writer *writer)
{
	free(writer->buffer);
}

static int flush(struct tar_writer *writer, struct error *err)
{
	if (write_full(writer->fd, writer->buffer, writer->used) < 0)
		return fail_errno(err, "write the tar archive");
	writer->used = 0;
	return 0;
}

static int put(struct tar_writer *writer, const void *data, size_t length, struct error *err)
{
	for (size_t done = 0; done < length;) {
		if (writer->used == TAR_WRITER_BUFFER && flush(writer, err) < 0)
			return -1;
		size_t room = TAR_WRITER_BUFFER - writer->used, left = length - done;
		size_t n = left < room ? left : room;
		memcpy(writer->buffer + writer->used, (const uint8_t *)data + done, n);
		writer->used += n;
		done += n;
	}
	return 0;
}

static int put_padding(struct tar_writer *writer, uint64_t size, struct error *err)
{
	static const uint8_t zeros[TAR_BLOCK];
	return put(writer, zeros, (size_t)(-size & (TAR_BLOCK - 1)), err);
}

/* Octal digits and NUL; what doesn't fit is 0 here and in a PAX record. */
static void set_number(char *field, size_t size, uint64_t value, uint64_t max)
{
	char text[32];
	snprintf(text, sizeof text, "%0*llo", (int)size - 1, (unsigned long long)(value <= max ? value : 0));
	memcpy(field, text, size);
}

static void finish_header(struct tar_header *header)
{
	memcpy(header->magic, "ustar", 6);
	memcpy(header->version, "00", 2);
	char text[16];
	snprintf(text, sizeof text, "%06o", tar_header_sum(header));
	memcpy(header->checksum, text, 7);
	header->checksum[7] = ' ';
}

static int add_record(struct records *records, const char *key, const void *value, size_t length)
{
	/* The length counts its own digits. */
	size_t rest = 1 + strlen(key) + 1 + length + 1, total = rest, digits = 0;
	for (size_t before = (size_t)-1; digits != before; total = rest + digits) {
		before = digits;
		digits = (size_t)snprintf(NULL, 0, "%zu", total);
	}
	char *bigger = realloc(records->text, records->length + total + 1);
	if (!bigger)
		return -1;
	records->text = bigger;
	char *at = bigger + records->length;
	at += sprintf(at, "%zu %s=", total, key);
	memcpy(at, value, length);
	at[length] = '\n';
	records->length += total;
	return 0;
}

static int add_number(struct records *records, const char *key, uint64_t value)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	return add_record(records, key, text, (size_t)n);
}

/* SECONDS[.NANOSECONDS], the fraction without trailing zeros and never negative. */
static int add_time(struct records *records, const struct timespec *time)
{
	long long seconds = time->tv_sec;
	long nanoseconds = time->tv_nsec;
	const char *sign = "";
	if (seconds < 0) {
		sign = "-";
		seconds = -seconds;
		if (nanoseconds > 0) {
			seconds--;
			nanoseconds = 1000000000 - nanoseconds;
		}
	}
	char text[48];
	int n = snprintf(text, sizeof text, "%s%lld", sign, seconds);
	if (nanoseconds > 0) {
		n += snprintf(text + n, sizeof text - (size_t)n, ".%09ld", nanoseconds);
		while (text[n - 1] == '0')
			n--;
	}
	return add_record(records, "mtime", text, (size_t)n);
}

static bool has_size(const struct tar_entry *entry)
{
	return entry->type == TAR_FILE;
}

/* What a ustar header cannot say. */
static int collect_records(const struct tar_entry *entry, const char *path, struct records *records)
{
	const struct tar_header *header = NULL;
	if (strlen(path) > sizeof header->name && add_record(records, "path", path, strlen(path)) < 0)
		return -1;
	if (entry->link && strlen(entry->link) > sizeof header->link &&
	    add_record(records, "linkpath", entry->link, strlen(entry->link)) < 0)
		return -1;
	if (has_size(entry) && entry->size > SIZE_FIELD_MAX && add_number(records, "size", entry->size) < 0)
		return -1;
	if (entry->uid > ID_FIELD_MAX && add_number(records, "uid", entry->uid) < 0)
		return -1;
	if (entry->gid > ID_FIELD_MAX && add_number(records, "gid", entry->gid) < 0)
		return -1;
	bool plain_time = entry->mtime.tv_nsec == 0 && entry->mtime.tv_sec >= 0 &&
			  (uint64_t)entry->mtime.tv_sec <= SIZE_FIELD_MAX;
	if (!plain_time && add_time(records, &entry->mtime) < 0)
		return -1;
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct tar_xattr *xattr = &entry->xattrs[i];
		auto_free char *key = NULL;
		if (asprintf(&key, "SCHILY.xattr.%s", xattr->name) < 0 ||
		    add_record(records, key, xattr->value, xattr->length) < 0)
			return -1;
	}
	return 0;
}

static int put_pax(struct tar_writer *writer, const struct records *records, struct error *err)
{
	struct tar_header header = {.name = "PaxHeaders/entry", .type = 'x'};
	set_number(header.mode, sizeof header.mode, 0644, ID_FIELD_MAX);
	set_number(header.uid, sizeof header.uid, 0, ID_FIELD_MAX);
	set_number(header.gid, sizeof header.gid, 0, ID_FIELD_MAX);
	set_number(header.size, sizeof header.size, records->length, SIZE_FIELD_MAX);
	set_number(header.mtime, sizeof header.mtime, 0, SIZE_FIELD_MAX);
	finish_header(&header);
	if (put(writer, &header, sizeof header, err) < 0 || put(writer, records->text, records->length, err) < 0)
		return -1;
	return put_padding(writer, records->length, err);
}

static void set_name(char *field, size_t size, const char *text)
{
	memcpy(field, text, strnlen(text, size));
}

static int put_header(struct tar_writer *writer, const struct tar_entry *entry, const char *path, struct error *err)
{
	struct tar_header header = {.type = (char)entry->type};
	uint64_t seconds = entry->mtime.tv_sec > 0 ? (uint64_t)entry->mtime.tv_sec : 0;
	set_name(header.name, sizeof header.name, path);
	set_number(header.mode, sizeof header.mode, entry->mode, ID_FIELD_MAX);
	set_number(header.uid, sizeof header.uid, entry->uid, ID_FIELD_MAX);
	set_number(header.gid, sizeof header.gid, entry->gid, ID_FIELD_MAX);
	set_number(header.size, sizeof header.size, has_size(entry) ? entry->size : 0, SIZE_FIELD_MAX);
	set_number(header.mtime, sizeof header.mtime, seconds, SIZE_FIELD_MAX);
	if (entry->link && (entry->type == TAR_HARDLINK || entry->type == TAR_SYMLINK))
		set_name(header.link, sizeof header.link, entry->link);
	if (entry->type == TAR_CHARACTER_DEVICE || entry->type == TAR_BLOCK_DEVICE) {
		set_number(header.device_major, sizeof header.device_major, entry->device_major, ID_FIELD_MAX);
		set_number(header.device_minor, sizeof header.device_minor, entry->device_minor, ID_FIELD_MAX);
	}
	finish_header(&header);
	return put(writer, &header, sizeof header, err);
}

int tar_write_header(struct tar_writer *writer, const struct tar_entry *entry, struct error *err)
{
	auto_free char *path = NULL;
	if (asprintf(&path, "%s%s", entry->path, entry->type == TAR_DIRECTORY ? "/" : "") < 0)
		return fail_errno(err, "write the tar archive");
	struct records records = {0};
	int result = collect_records(entry, path, &records);
	if (result < 0)
		fail_errno(err, "write the tar archive");
	else if (records.length > 0)
		result = put_pax(writer, &records, err);
	if (result == 0)
		result = put_header(writer, entry, path, err);
	free(records.text);
	return result;
}

int tar_write_file(struct tar_writer *writer, int fd, uint64_t size, const char *path, struct error *err)
{
	bool ended = false;
	for (uint64_t left = size; left > 0;) {
		if (writer->used == TAR_WRITER_BUFFER && flush(writer, err) < 0)
			return -1;
		size_t room = TAR_WRITER_BUFFER - writer->used;
		size_t n = left < room ? (size_t)left : room;
		ssize_t got = ended ? 0 : read_full(fd, writer->buffer + writer->used, n);
		if (got < 0)
			return fail_errno(err, "read %s", path);
		ended = (size_t)got < n;
		memset(writer->buffer + writer->used + got, 0, n - (size_t)got);
		writer->used += n;
		left -= n;
	}
	return put_padding(writer, size, err);
}

int tar_writer_end(struct tar_writer *writer, struct error *err)
{
	static const uint8_t end[2 * TAR_BLOCK];
	return put(writer, end, sizeof end, err) < 0 ? -1 : flush(writer, err);
}

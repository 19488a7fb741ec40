#include "tar_pax.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

struct record {
	const char *key;
	size_t key_length;
	const char *value; /* followed by a newline, not by NUL */
	size_t length;
};

static int corrupt(struct error *err, const char *what)
{
	return error_set(err, "corrupt-archive", "a PAX header has an invalid %s", what);
}

static int no_memory(struct error *err)
{
	return error_set(err, "io-error", "read a PAX header: out of memory");
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts all of it. Moves *at behind it. */
static int next_record(const char **at, const char *end, struct record *record)
{
	size_t length = 0;
	const char *p = *at;
	for (; p < end && isdigit((unsigned char)*p); p++) {
		length = length * 10 + (size_t)(*p - '0');
		if (length > (size_t)(end - *at))
			return -1;
	}
	if (p == *at || p == end || *p != ' ')
		return -1;
	p++;
	const char *next = *at + length;
	if (next <= p || next[-1] != '\n')
		return -1;
	const char *equals = memchr(p, '=', (size_t)(next - 1 - p));
	if (!equals || equals == p)
		return -1;
	record->key = p;
	record->key_length = (size_t)(equals - p);
	record->value = equals + 1;
	record->length = (size_t)(next - 1 - record->value);
	*at = next;
	return 0;
}

static bool is(const struct record *record, const char *key)
{
	return strlen(key) == record->key_length && memcmp(key, record->key, record->key_length) == 0;
}

static const char *after(const struct record *record, const char *prefix, size_t *length)
{
	size_t n = strlen(prefix);
	if (record->key_length <= n || memcmp(record->key, prefix, n) != 0)
		return NULL;
	*length = record->key_length - n;
	return record->key + n;
}

static int decimal(const char **p, const char *end, uint64_t *value)
{
	const char *start = *p;
	uint64_t result = 0;
	for (; *p < end && isdigit((unsigned char)**p); ++*p) {
		if (result > (INT64_MAX - 9) / 10)
			return -1;
		result = result * 10 + (uint64_t)(**p - '0');
	}
	*value = result;
	return *p > start ? 0 : -1;
}

static int number(const struct record *record, uint64_t *value)
{
	const char *p = record->value, *end = p + record->length;
	return decimal(&p, end, value) < 0 || p != end ? -1 : 0;
}

/* [-]SECONDS[.FRACTION], as the nearest time not after it. */
static int timestamp(const struct record *record, struct timespec *time)
{
	const char *p = record->value, *end = p + record->length;
	bool negative = p < end && *p == '-';
	if (negative)
		p++;
	uint64_t seconds;
	long nanoseconds = 0;
	if (decimal(&p, end, &seconds) < 0)
		return -1;
	if (p < end && *p == '.') {
		long unit = 100000000;
		for (p++; p < end && isdigit((unsigned char)*p); p++, unit /= 10)
			nanoseconds += unit * (*p - '0');
	}
	if (p != end)
		return -1;
	time->tv_sec = negative ? -(time_t)seconds : (time_t)seconds;
	time->tv_nsec = nanoseconds;
	if (negative && nanoseconds > 0) {
		time->tv_sec--;
		time->tv_nsec = 1000000000 - nanoseconds;
	}
	return 0;
}

static int set_text(char **text, const struct record *record, struct error *err)
{
	if (record->length == 0)
		return 0; /* "as if there were no record" */
	if (memchr(record->value, '\0', record->length))
		return corrupt(err, "path: it holds a NUL byte");
	char *copy = strndup(record->value, record->length);
	if (!copy)
		return no_memory(err);
	free(*text);
	*text = copy;
	return 0;
}

static int set_xattr(struct tar_entry *entry, const char *name, size_t name_length, const void *value, size_t length,
		     struct error *err)
{
	if (memchr(name, '\0', name_length))
		return corrupt(err, "extended attribute name: it holds a NUL byte");
	auto_free char *text = strndup(name, name_length);
	if (!text || tar_entry_set_xattr(entry, text, value, length) < 0)
		return no_memory(err);
	return 0;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* LIBARCHIVE.xattr.NAME: the name with %XX for odd bytes, the value in base64. */
static int set_libarchive_xattr(struct tar_entry *entry, const char *name, size_t name_length,
				const struct record *record, struct error *err)
{
	auto_free char *plain = malloc(name_length + 1);
	auto_free uint8_t *value = malloc(record->length + 1);
	if (!plain || !value)
		return no_memory(err);
	size_t n = 0;
	for (size_t i = 0; i < name_length; i++) {
		char hex[3] = {0};
		if (name[i] == '%' && name_length - i > 2 && isxdigit((unsigned char)name[i + 1]) &&
		    isxdigit((unsigned char)name[i + 2])) {
			memcpy(hex, name + i + 1, 2);
			plain[n++] = (char)strtol(hex, NULL, 16);
			i += 2;
		} else {
			plain[n++] = name[i];
		}
	}
	size_t length = 0;
	unsigned bits = 0, have = 0;
	for (size_t i = 0; i < record->length && record->value[i] != '='; i++) {
		int digit = base64_digit(record->value[i]);
		if (digit < 0)
			return corrupt(err, "extended attribute: it is not base64");
		bits = (bits << 6 | (unsigned)digit) & 0xffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			value[length++] = (uint8_t)(bits >> have);
		}
	}
	return set_xattr(entry, plain, n, value, length, err);
}

/* GNU.sparse.map of format 0.1: OFFSET,LENGTH,OFFSET,LENGTH… */
static int set_map(struct tar_entry *entry, const struct record *record, struct error *err)
{
	const char *p = record->value, *end = p + record->length;
	entry->segment_count = 0;
	while (p < end) {
		uint64_t offset, length;
		if (decimal(&p, end, &offset) < 0 || p == end || *p++ != ',' || decimal(&p, end, &length) < 0 ||
		    (p < end && *p++ != ','))
			return corrupt(err, "GNU.sparse.map");
		if (tar_entry_add_segment(entry, offset, length) < 0)
			return no_memory(err);
	}
	return 0;
}

static int apply_sparse(const struct record *record, struct tar_entry *entry, struct tar_pax *pax, struct error *err)
{
	uint64_t value = 0;
	if (is(record, "GNU.sparse.name"))
		return set_text(&entry->path, record, err);
	if (is(record, "GNU.sparse.map")) {
		pax->sparse = true;
		return set_map(entry, record, err);
	}
	if (number(record, &value) < 0)
		return corrupt(err, "GNU.sparse record");
	if (is(record, "GNU.sparse.major")) {
		if (value > 1)
			return corrupt(err, "GNU.sparse.major: only formats 0.0, 0.1 and 1.0 are known");
		pax->sparse = true;
		pax->map_in_data = value == 1;
	} else if (is(record, "GNU.sparse.size") || is(record, "GNU.sparse.realsize")) {
		pax->sparse = pax->has_real_size = true;
		pax->real_size = value;
	} else if (is(record, "GNU.sparse.offset")) {
		/* Format 0.0 repeats offset and numbytes in turn. */
		if (tar_entry_add_segment(entry, value, 0) < 0)
			return no_memory(err);
	} else if (is(record, "GNU.sparse.numbytes")) {
		if (entry->segment_count == 0)
			return corrupt(err, "GNU.sparse.numbytes: no offset comes before it");
		entry->segments[entry->segment_count - 1].length = value;
	}
	return 0;
}

/* What only the header of the entry itself may say. */
static int apply_local(const struct record *record, struct tar_entry *entry, struct tar_pax *pax, struct error *err)
{
	if (is(record, "path"))
		return set_text(&entry->path, record, err);
	if (is(record, "linkpath"))
		return set_text(&entry->link, record, err);
	if (is(record, "size")) {
		pax->has_size = true;
		return number(record, &pax->size) < 0 ? corrupt(err, "size") : 0;
	}
	size_t length;
	if (after(record, "GNU.sparse.", &length))
		return apply_sparse(record, entry, pax, err);
	return 0;
}

static int apply_record(const struct record *record, bool global, struct tar_entry *entry, struct tar_pax *pax,
			struct error *err)
{
	size_t length;
	const char *name;
	if (is(record, "mtime"))
		return record->length && timestamp(record, &entry->mtime) < 0 ? corrupt(err, "mtime") : 0;
	if (is(record, "uid"))
		return record->length && number(record, &entry->uid) < 0 ? corrupt(err, "uid") : 0;
	if (is(record, "gid"))
		return record->length && number(record, &entry->gid) < 0 ? corrupt(err, "gid") : 0;
	if ((name = after(record, "SCHILY.xattr.", &length)))
		return set_xattr(entry, name, length, record->value, record->length, err);
	if ((name = after(record, "LIBARCHIVE.xattr.", &length)))
		return set_libarchive_xattr(entry, name, length, record, err);
	return global ? 0 : apply_local(record, entry, pax, err);
}

int tar_pax_apply(const char *records, size_t length, bool global, struct tar_entry *entry, struct tar_pax *pax,
		  struct error *err)
{
	if (length == 0)
		return 0;
	const char *at = records, *end = records + length;
	while (at < end) {
		struct record record;
		/* Some writers fill the block with NULs. */
		if (*at == '\0')
			break;
		if (next_record(&at, end, &record) < 0)
			return corrupt(err, "record");
		if (apply_record(&record, global, entry, pax, err) < 0)
			return -1;
	}
	return 0;
}

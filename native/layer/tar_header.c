#include "tar_header.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool tar_block_is_zero(const void *block)
{
	const uint8_t *p = block;
	return p[0] == 0 && memcmp(p, p + 1, TAR_BLOCK - 1) == 0;
}

unsigned tar_header_sum(const struct tar_header *header)
{
	const uint8_t *p = (const uint8_t *)header;
	unsigned sum = 0;
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += p[i];
	for (size_t i = 0; i < sizeof header->checksum; i++)
		sum += (unsigned)' ' - (uint8_t)header->checksum[i];
	return sum;
}

static int signed_sum(const struct tar_header *header)
{
	const int8_t *p = (const int8_t *)header;
	int sum = 0;
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += p[i];
	for (size_t i = 0; i < sizeof header->checksum; i++)
		sum += ' ' - (int8_t)header->checksum[i];
	return sum;
}

bool tar_header_valid(const struct tar_header *header)
{
	int64_t sum;
	if (tar_number(header->checksum, sizeof header->checksum, &sum) < 0)
		return false;
	return sum == (int64_t)tar_header_sum(header) || sum == signed_sum(header);
}

/* The first bit says base-256, the second is the sign of a big-endian two's complement number. */
static int base256(const uint8_t *field, size_t length, int64_t *value)
{
	bool negative = field[0] & 0x40;
	uint64_t result = negative ? UINT64_MAX : 0;
	for (size_t i = 0; i < length; i++) {
		uint8_t byte = i > 0 ? field[i] : negative ? field[0] : field[0] & 0x7f;
		uint64_t top = result >> 55;
		if (top != (negative ? 0x1ff : 0))
			return -1;
		result = result << 8 | byte;
	}
	*value = (int64_t)result;
	return 0;
}

int tar_number(const char *field, size_t length, int64_t *value)
{
	if ((uint8_t)field[0] & 0x80)
		return base256((const uint8_t *)field, length, value);
	size_t i = 0;
	while (i < length && field[i] == ' ')
		i++;
	uint64_t result = 0;
	for (; i < length && field[i] >= '0' && field[i] <= '7'; i++)
		result = result << 3 | (uint64_t)(field[i] - '0');
	/* Blank or NUL ends a number; 12 octal digits fit easily. */
	if (i < length && field[i] != ' ' && field[i] != '\0')
		return -1;
	*value = (int64_t)result;
	return 0;
}

static size_t field_length(const char *field, size_t size)
{
	return strnlen(field, size);
}

/* name, or prefix/name where the dialect has a prefix. */
static char *path_of(const struct tar_header *header)
{
	size_t prefix = 0, name = field_length(header->name, sizeof header->name);
	if (memcmp(header->magic, "ustar\0", 6) == 0) {
		bool star = memcmp(header->trailer + 8, "tar", 4) == 0;
		prefix = field_length(header->prefix, star ? sizeof header->star.prefix131 : sizeof header->prefix);
	}
	char *path = malloc(prefix + 1 + name + 1);
	if (!path)
		return NULL;
	size_t at = 0;
	if (prefix > 0) {
		memcpy(path, header->prefix, prefix);
		at = prefix;
		path[at++] = '/';
	}
	memcpy(path + at, header->name, name);
	path[at + name] = '\0';
	return path;
}

static int number(const char *what, const char *field, size_t length, bool negative, int64_t *value, struct error *err)
{
	if (tar_number(field, length, value) < 0 || (*value < 0 && !negative))
		return error_set(err, "corrupt-archive", "a tar header has an invalid %s", what);
	return 0;
}

#define NUMBER(field, negative, value) number(#field, header->field, sizeof header->field, negative, value, err)

int tar_header_parse(const struct tar_header *header, struct tar_entry *entry, struct error *err)
{
	int64_t mode, uid, gid, size, mtime, device_major = 0, device_minor = 0;
	if (NUMBER(mode, false, &mode) < 0 || NUMBER(uid, false, &uid) < 0 || NUMBER(gid, false, &gid) < 0 ||
	    NUMBER(size, false, &size) < 0 || NUMBER(mtime, true, &mtime) < 0)
		return -1;
	/* V7 headers have whatever there, and only devices need it. */
	if ((header->type == TAR_CHARACTER_DEVICE || header->type == TAR_BLOCK_DEVICE) &&
	    (NUMBER(device_major, false, &device_major) < 0 || NUMBER(device_minor, false, &device_minor) < 0))
		return -1;
	entry->mode = (mode_t)mode & 07777;
	entry->uid = (uint64_t)uid;
	entry->gid = (uint64_t)gid;
	entry->size = (uint64_t)size;
	entry->mtime = (struct timespec){.tv_sec = mtime};
	entry->device_major = (unsigned)device_major;
	entry->device_minor = (unsigned)device_minor;
	entry->path = path_of(header);
	entry->link = strndup(header->link, sizeof header->link);
	if (!entry->path || !entry->link)
		return error_set(err, "io-error", "read a tar header: out of memory");
	return 0;
}

#include "tar_reader.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "tar_pax.h"
#include "tar_sparse.h"

/* Of one extended header or long name. No file system takes more attributes than this. */
#define EXTENSION_MAX (1024 * 1024)

/* What the headers before an entry's own said of it. */
struct extensions {
	char *pax, *path, *link;
	size_t pax_length;
};

static int corrupt(struct error *err, const char *what)
{
	return error_set(err, "corrupt-archive", "the tar archive is damaged: %s", what);
}

static int no_memory(struct error *err)
{
	return error_set(err, "io-error", "read the tar archive: out of memory");
}

void tar_reader_init(struct tar_reader *reader, tar_source *source, void *context)
{
	*reader = (struct tar_reader){.source = source, .context = context};
}

void tar_reader_free(struct tar_reader *reader)
{
	free(reader->globals);
}

/* 1: bytes are available, 0: end of input. */
static int fill(struct tar_reader *reader, struct error *err)
{
	if (reader->available > 0)
		return 1;
	if (reader->source(reader->context, &reader->data, &reader->available, err) < 0)
		return -1;
	return reader->available > 0;
}

/* Takes at most `wanted` bytes that lie together. */
static int take(struct tar_reader *reader, uint64_t wanted, const uint8_t **data, size_t *length, struct error *err)
{
	int result = fill(reader, err);
	if (result == 0)
		corrupt(err, "it ends in the middle of an entry");
	if (result <= 0)
		return -1;
	*data = reader->data;
	*length = wanted < reader->available ? (size_t)wanted : reader->available;
	reader->data += *length;
	reader->available -= *length;
	return 0;
}

int tar_skip(struct tar_reader *reader, uint64_t count, struct error *err)
{
	while (count > 0) {
		const uint8_t *data;
		size_t length;
		if (take(reader, count, &data, &length, err) < 0)
			return -1;
		count -= length;
	}
	return 0;
}

int tar_read(struct tar_reader *reader, void *buffer, size_t count, struct error *err)
{
	for (size_t done = 0; done < count;) {
		const uint8_t *data;
		size_t length;
		if (take(reader, count - done, &data, &length, err) < 0)
			return -1;
		memcpy((uint8_t *)buffer + done, data, length);
		done += length;
	}
	return 0;
}

/* The next block, NULL at the end of input. */
static int next_block(struct tar_reader *reader, const void **block, struct error *err)
{
	int result = fill(reader, err);
	*block = NULL;
	if (result <= 0)
		return result;
	if (reader->available >= TAR_BLOCK) {
		*block = reader->data;
		reader->data += TAR_BLOCK;
		reader->available -= TAR_BLOCK;
		return 0;
	}
	*block = reader->block;
	return tar_read(reader, reader->block, TAR_BLOCK, err);
}

unsigned tar_padding(uint64_t size)
{
	return (unsigned)(-size & (TAR_BLOCK - 1));
}

/* Data of an extension entry, NUL-terminated. */
static int read_extension(struct tar_reader *reader, const struct tar_header *header, char **text, size_t *length,
			  struct error *err)
{
	int64_t size;
	if (tar_number(header->size, sizeof header->size, &size) < 0 || size < 0 || size > EXTENSION_MAX)
		return corrupt(err, "an extended header is larger than 1 MiB");
	auto_free char *buffer = malloc((size_t)size + 1);
	if (!buffer)
		return no_memory(err);
	if (tar_read(reader, buffer, (size_t)size, err) < 0 ||
	    tar_skip(reader, tar_padding((uint64_t)size), err) < 0)
		return -1;
	buffer[size] = '\0';
	free(*text);
	*text = steal_ptr(&buffer);
	*length = (size_t)size;
	return 0;
}

static int read_globals(struct tar_reader *reader, const struct tar_header *header, struct error *err)
{
	auto_free char *text = NULL;
	size_t length = 0;
	if (read_extension(reader, header, &text, &length, err) < 0)
		return -1;
	if (reader->globals_length + length > EXTENSION_MAX)
		return corrupt(err, "its global extended headers are larger than 1 MiB");
	char *bigger = realloc(reader->globals, reader->globals_length + length + 1);
	if (!bigger)
		return no_memory(err);
	memcpy(bigger + reader->globals_length, text, length);
	reader->globals = bigger;
	reader->globals_length += length;
	return 0;
}

/* Is this header one that describes the next? 1: yes, and it was read. */
static int read_extensions(struct tar_reader *reader, const struct tar_header *header, struct extensions *extensions,
			   struct error *err)
{
	size_t length;
	int result = 0;
	switch (header->type) {
	case 'g':
		result = read_globals(reader, header, err);
		break;
	case 'x':
	case 'X':
		result = read_extension(reader, header, &extensions->pax, &extensions->pax_length, err);
		break;
	case 'L':
		result = read_extension(reader, header, &extensions->path, &length, err);
		break;
	case 'K':
		result = read_extension(reader, header, &extensions->link, &length, err);
		break;
	default:
		return 0;
	}
	return result < 0 ? -1 : 1;
}

static int set_type(const struct tar_header *header, struct tar_entry *entry, struct error *err)
{
	size_t length = strlen(entry->path);
	switch (header->type) {
	case '\0':
	case '0':
	case '7':
	case 'S':
		/* Old tars had no type for directories. */
		entry->type = length > 0 && entry->path[length - 1] == '/' ? TAR_DIRECTORY : TAR_FILE;
		return 0;
	case '1': case '2': case '3': case '4': case '5': case '6':
		entry->type = (enum tar_type)header->type;
		return 0;
	default:
		return error_set(err, "corrupt-archive", "%s has an unknown tar entry type 0x%02x", entry->path,
				 (unsigned char)header->type);
	}
}

static int describe_data(struct tar_reader *reader, const struct tar_header *header, struct tar_entry *entry,
			 const struct tar_pax *pax, struct error *err)
{
	/* Other types have no data, whatever their size says. */
	uint64_t stored = entry->type == TAR_FILE ? (pax->has_size ? pax->size : entry->size) : 0;
	reader->segment = 0;
	reader->segment_done = 0;
	reader->padding = tar_padding(stored);
	reader->data_left = stored;
	entry->size = stored;
	if (stored > INT64_MAX)
		return corrupt(err, "a file is too large");
	/* An extended header may have brought a map for what has none. */
	if (entry->type != TAR_FILE || header->type == 'S' || !pax->sparse)
		entry->segment_count = 0;
	if (entry->type != TAR_FILE)
		return 0;
	if (header->type == 'S')
		return tar_sparse_read_gnu(reader, header, entry, err);
	if (!pax->sparse)
		return tar_entry_add_segment(entry, 0, stored) < 0 ? no_memory(err) : 0;
	entry->sparse = true;
	entry->size = pax->has_real_size ? pax->real_size : stored;
	return tar_sparse_read_pax(reader, pax->map_in_data, entry, err);
}

static int describe(struct tar_reader *reader, const struct tar_header *header, struct extensions *extensions,
		    struct tar_entry *entry, struct error *err)
{
	struct tar_pax pax = {0};
	if (tar_header_parse(header, entry, err) < 0)
		return -1;
	if (extensions->path) {
		free(entry->path);
		entry->path = steal_ptr(&extensions->path);
	}
	if (extensions->link) {
		free(entry->link);
		entry->link = steal_ptr(&extensions->link);
	}
	if (tar_pax_apply(reader->globals, reader->globals_length, true, entry, &pax, err) < 0 ||
	    tar_pax_apply(extensions->pax, extensions->pax_length, false, entry, &pax, err) < 0)
		return -1;
	if (set_type(header, entry, err) < 0)
		return -1;
	return describe_data(reader, header, entry, &pax, err);
}

static int next_entry(struct tar_reader *reader, struct extensions *extensions, struct tar_entry *entry,
		      struct error *err)
{
	for (;;) {
		const void *block;
		if (next_block(reader, &block, err) < 0)
			return -1;
		/* Two zero blocks are the end; tars that lack one or both are in use. */
		if (!block || tar_block_is_zero(block)) {
			if (extensions->pax || extensions->path || extensions->link)
				return corrupt(err, "an extended header has no entry");
			return 0;
		}
		/* Copied, for what follows may move the source on. */
		struct tar_header header;
		memcpy(&header, block, sizeof header);
		if (!tar_header_valid(&header))
			return corrupt(err, "a header's checksum is wrong (is it a tar archive?)");
		int result = read_extensions(reader, &header, extensions, err);
		if (result == 0)
			result = describe(reader, &header, extensions, entry, err) < 0 ? -1 : 2;
		if (result != 1)
			return result < 0 ? -1 : 1;
	}
}

int tar_next(struct tar_reader *reader, struct tar_entry *entry, struct error *err)
{
	tar_entry_free(entry);
	if (tar_skip(reader, reader->data_left, err) < 0 || tar_skip(reader, reader->padding, err) < 0)
		return -1;
	reader->data_left = 0;
	reader->padding = 0;
	struct extensions extensions = {0};
	int result = next_entry(reader, &extensions, entry, err);
	free(extensions.pax);
	free(extensions.path);
	free(extensions.link);
	return result;
}

int tar_data(struct tar_reader *reader, const struct tar_entry *entry, const uint8_t **data, size_t *length,
	     uint64_t *offset, struct error *err)
{
	while (reader->segment < entry->segment_count) {
		const struct tar_segment *s = &entry->segments[reader->segment];
		if (reader->segment_done == s->length) {
			reader->segment++;
			reader->segment_done = 0;
			continue;
		}
		if (take(reader, s->length - reader->segment_done, data, length, err) < 0)
			return -1;
		*offset = s->offset + reader->segment_done;
		reader->segment_done += *length;
		reader->data_left -= *length;
		return 1;
	}
	return 0;
}

#include "tar_sparse.h"

#define SEGMENTS_MAX (1024 * 1024)

static int corrupt(struct error *err, const char *what)
{
	return error_set(err, "corrupt-archive", "the tar archive is damaged: %s", what);
}

static int add_segment(struct tar_entry *entry, uint64_t offset, uint64_t length, struct error *err)
{
	if (entry->segment_count >= SEGMENTS_MAX)
		return corrupt(err, "a sparse file has too many pieces");
	return tar_entry_add_segment(entry, offset, length) < 0
		       ? error_set(err, "io-error", "read the tar archive: out of memory")
		       : 0;
}

/* GNU pairs of offset and length, up to the first empty one. */
static int add_gnu_pairs(struct tar_entry *entry, const char (*pairs)[2][12], size_t count, struct error *err)
{
	for (size_t i = 0; i < count && pairs[i][0][0] != '\0'; i++) {
		int64_t offset, length;
		if (tar_number(pairs[i][0], 12, &offset) < 0 || tar_number(pairs[i][1], 12, &length) < 0 ||
		    offset < 0 || length < 0)
			return corrupt(err, "a sparse file's map is invalid");
		if (add_segment(entry, (uint64_t)offset, (uint64_t)length, err) < 0)
			return -1;
	}
	return 0;
}

static int check_map(struct tar_reader *reader, const struct tar_entry *entry, struct error *err)
{
	uint64_t end = 0, total = 0;
	for (size_t i = 0; i < entry->segment_count; i++) {
		const struct tar_segment *s = &entry->segments[i];
		if (s->offset < end || s->length > entry->size || s->offset > entry->size - s->length)
			return corrupt(err, "a sparse file's map is out of order");
		end = s->offset + s->length;
		total += s->length;
	}
	if (total != reader->data_left)
		return corrupt(err, "a sparse file's map does not fit its data");
	return 0;
}

int tar_sparse_read_gnu(struct tar_reader *reader, const struct tar_header *header, struct tar_entry *entry,
			struct error *err)
{
	int64_t real_size;
	bool more = header->gnu.extended != 0;
	if (tar_number(header->gnu.real_size, sizeof header->gnu.real_size, &real_size) < 0 || real_size < 0)
		return corrupt(err, "a sparse file's size is invalid");
	if (add_gnu_pairs(entry, header->gnu.sparse, 4, err) < 0)
		return -1;
	while (more) {
		struct {
			char pairs[21][2][12], extended, padding[7];
		} block;
		_Static_assert(sizeof block == TAR_BLOCK, "a map extension is one block");
		if (tar_read(reader, &block, sizeof block, err) < 0 ||
		    add_gnu_pairs(entry, (const char(*)[2][12])block.pairs, 21, err) < 0)
			return -1;
		more = block.extended != 0;
	}
	entry->size = (uint64_t)real_size;
	entry->sparse = true;
	return check_map(reader, entry, err);
}

/* One decimal line of a 1.0 map, which lies in the data. */
static int read_map_number(struct tar_reader *reader, uint64_t *value, struct error *err)
{
	*value = 0;
	for (int digits = 0;; digits++) {
		char c;
		if (reader->data_left == 0)
			return corrupt(err, "a sparse file's map is cut off");
		if (tar_read(reader, &c, 1, err) < 0)
			return -1;
		reader->data_left--;
		if (c == '\n' && digits > 0)
			return 0;
		if (c < '0' || c > '9' || digits > 17)
			return corrupt(err, "a sparse file's map is invalid");
		*value = *value * 10 + (uint64_t)(c - '0');
	}
}

/* GNU sparse 1.0: count, then offset and length of each piece, filled up to a block. */
static int read_map_from_data(struct tar_reader *reader, struct tar_entry *entry, struct error *err)
{
	uint64_t size = reader->data_left, count, offset, length;
	if (read_map_number(reader, &count, err) < 0)
		return -1;
	entry->segment_count = 0;
	for (uint64_t i = 0; i < count; i++) {
		if (read_map_number(reader, &offset, err) < 0 || read_map_number(reader, &length, err) < 0 ||
		    add_segment(entry, offset, length, err) < 0)
			return -1;
	}
	unsigned rest = tar_padding(size - reader->data_left);
	if (rest > reader->data_left)
		return corrupt(err, "a sparse file's map is cut off");
	reader->data_left -= rest;
	return tar_skip(reader, rest, err);
}

int tar_sparse_read_pax(struct tar_reader *reader, bool map_in_data, struct tar_entry *entry, struct error *err)
{
	if (map_in_data && read_map_from_data(reader, entry, err) < 0)
		return -1;
	return check_map(reader, entry, err);
}

/* Everything that reads archives, without touching a file system. */
#include <stdlib.h>

#include "layer/path.h"
#include "layer/tar_reader.h"
#include "tar_mutator.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct memory memory = {input, size};
	struct tar_reader reader;
	struct tar_entry entry = {0};
	struct error err;
	tar_reader_init(&reader, memory_source, &memory);
	while (tar_next(&reader, &entry, &err) > 0) {
		const uint8_t *data;
		size_t length;
		uint64_t offset, end = 0;
		free(path_from_name(entry.path, &err));
		/* Half of the entries are read, the others skipped. */
		while (entry.mtime.tv_sec % 2 == 0 && tar_data(&reader, &entry, &data, &length, &offset, &err) > 0) {
			if (offset < end || length == 0 || offset + length > entry.size)
				abort();
			end = offset + length;
		}
	}
	tar_entry_free(&entry);
	tar_reader_free(&reader);
	return 0;
}

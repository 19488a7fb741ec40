/* Mutates a tar archive without losing its checksums, which would stop every input at the first header. */
#ifndef CORACLE_FUZZ_TAR_MUTATOR_H
#define CORACLE_FUZZ_TAR_MUTATOR_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "layer/tar_header.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	size = LLVMFuzzerMutate(data, size, max_size);
	/* Now and then they are left wrong. */
	for (size_t at = 0; seed % 64 != 0 && at + TAR_BLOCK <= size; at += TAR_BLOCK) {
		struct tar_header header;
		memcpy(&header, data + at, sizeof header);
		if (memcmp(header.magic, "ustar", 5) != 0)
			continue;
		char text[16];
		snprintf(text, sizeof text, "%06o", tar_header_sum(&header));
		memcpy(header.checksum, text, 7);
		memcpy(data + at, &header, sizeof header);
	}
	return size;
}

/* A tar_source over memory that delivers odd pieces. */
struct memory {
	const uint8_t *data;
	size_t left;
};

static int memory_source(void *context, const uint8_t **data, size_t *length, struct error *err)
{
	struct memory *memory = context;
	size_t piece = memory->left % 3 == 0 ? 700 : 4096;
	(void)err;
	*length = memory->left < piece ? memory->left : piece;
	*data = memory->data;
	memory->data += *length;
	memory->left -= *length;
	return 0;
}

#endif

/* Files that say who has which ids: /etc/subuid, and the passwd file of an image. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "launcher/subordinate_ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct id_range ranges[SUBORDINATE_RANGES_MAX];
	int fd = open("subuid", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write_full(fd, input, size) < 0)
		abort();
	close(fd);
	size_t count = subordinate_ranges("subuid", 1000, ranges);
	if (count > SUBORDINATE_RANGES_MAX)
		abort();
	for (size_t i = 0; i < count; i++)
		if (ranges[i].count == 0 || ranges[i].start > UINT32_MAX - 1 || ranges[i].count > UINT32_MAX - 1)
			abort();
	return 0;
}

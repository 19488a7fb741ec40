#include "descriptors.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int descriptors_keep(int first, int *keep, size_t count)
{
	int next = first;
	qsort(keep, count, sizeof *keep, compare);
	for (size_t i = 0; i < count; i++) {
		if (keep[i] < next)
			continue;
		if (keep[i] > next && syscall(SYS_close_range, next, keep[i] - 1, 0) < 0)
			return -1;
		next = keep[i] + 1;
	}
	return (int)syscall(SYS_close_range, next, ~0U, 0);
}

int descriptors_fill_standard(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return -1;
	return 0;
}

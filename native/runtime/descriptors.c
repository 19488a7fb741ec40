#include "descriptors.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int descriptors_keep(int *keep, size_t count, int first, struct error *err)
{
	int next = first;
	qsort(keep, count, sizeof *keep, compare);
	for (size_t i = 0; i <= count; i++) {
		int stop = i < count ? keep[i] : INT_MAX;
		if (stop < next)
			continue;
		if (stop > next && syscall(SYS_close_range, next, i < count ? stop - 1 : INT_MAX, 0) < 0)
			return error_errno(err, "runtime-failed", "close inherited descriptors");
		if (i < count)
			next = stop + 1;
	}
	return 0;
}

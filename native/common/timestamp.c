#include "timestamp.h"

#include <stdio.h>
#include <time.h>

void time_now(char time[TIME_MAX])
{
	struct timespec now;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t n = strftime(time, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(time + n, TIME_MAX - n, ".%09ldZ", now.tv_nsec);
}

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

long long monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

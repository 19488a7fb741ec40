#ifndef CORACLE_TIMESTAMP_H
#define CORACLE_TIMESTAMP_H

#define TIME_MAX 40

/* RFC 3339 with nanoseconds, UTC. */
void time_now(char time[TIME_MAX]);
/* Milliseconds of CLOCK_MONOTONIC, for how long something takes. */
long long monotonic_ms(void);

#endif

/* The service manager that waits for the container (sd_notify): who its main process is, and when it is ready. */
#ifndef CORACLE_MONITOR_NOTIFY_H
#define CORACLE_MONITOR_NOTIFY_H

#include "error.h"

struct monitor;

/* Makes the socket that the container gets, where it is to speak for itself. */
int notify_open(struct monitor *m, struct error *err);
void notify_close(struct monitor *m);
/* The container runs; it is healthy. What has been told once is not told again. */
void notify_running(struct monitor *m);
void notify_healthy(struct monitor *m);

#endif

/* What the monitor's processes give up, each once it has set up what it needs. */
#ifndef CORACLE_MONITOR_PRIVILEGES_H
#define CORACLE_MONITOR_PRIVILEGES_H

#include "config.h"

/*
 * A container's monitor calls the runtime again for a restart, a health check, a pause, the end, and what it starts then
 * inherits all that it has given up: it keeps what those and the container need.
 */
int privileges_of_container(const struct config *config, struct error *err);
/* An exec session's monitor whose process runs: it starts nothing any more. */
int privileges_of_session(struct error *err);
/* It opens nothing any more, either. */
int privileges_of_relay(struct error *err);
/* It opens sockets, and no files. */
int privileges_of_forwarder(struct error *err);

#endif

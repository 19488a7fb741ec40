/* What happens to the container, for `coracle events`: DIR/events and the event log (PROTOCOL.md section 3). */
#ifndef CORACLE_MONITOR_EVENT_LOG_H
#define CORACLE_MONITOR_EVENT_LOG_H

struct monitor;

/* Who will not be able to connect to the journal any more does so now. */
void event_log_keep(const struct monitor *m);
/*
 * Appends one event. `members` are more JSON members of it, each with a comma behind it, or "". An event that can't be
 * written is lost: no container fails for it.
 */
void event_log(const struct monitor *m, const char *status, const char *members);

#endif

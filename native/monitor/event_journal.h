/* An event as an entry of the journal, with the fields that Podman gives it. */
#ifndef CORACLE_MONITOR_EVENT_JOURNAL_H
#define CORACLE_MONITOR_EVENT_JOURNAL_H

/* `event` is a line of the event log, `journal` a connection. */
void event_journal(int journal, const char *event);
/* The same by the path of journald's socket. Where nobody takes it the event is lost, which is no error. */
void event_journal_once(const char *socket, const char *event);

#endif

/* What makes a process the monitor of a directory. */
#ifndef CORACLE_MONITOR_SETUP_H
#define CORACLE_MONITOR_SETUP_H

#include "error.h"

struct launch;
struct monitor;

/* Own session, subreaper, /dev/null as stdio, no descriptors but those of `launch`. */
int setup_process(struct monitor *m, struct error *err);
/* DIR/lock (already-running), and the shared one on aliveFile. */
int setup_locks(struct monitor *m, struct error *err);
/* A scope of our own, PREFIX-NAME.scope, so that we don't end with the unit that we were called in. */
void setup_scope(const char *slice, const char *prefix, const char *name);
int setup_mount_namespace(struct error *err);
/* Makes runDir and opens it. */
int setup_run_directory(struct monitor *m, struct error *err);
/* In a child that makes the container: the monitor's own protection from the OOM killer is not to be inherited. */
void setup_restore_oom_score(const struct monitor *m);
/* Tells ready descriptor and relay of an error so early that nothing has been made or changed. */
void setup_refuse(const struct launch *launch, const struct error *err);

#endif

/* Another OCI runtime (crun, runc, youki), by its command line. Called in an operation's child: it blocks. */
#ifndef CORACLE_MONITOR_EXTERNAL_RUNTIME_H
#define CORACLE_MONITOR_EXTERNAL_RUNTIME_H

#include "error.h"
#include "operation.h"

int external_create(struct monitor *m, struct operation_result *result);
int external_exec(struct monitor *m, const char *process, struct operation_result *result);
/* Begins `process` in the container, its output going there; the process returned ends with its exit code. */
int external_check(struct monitor *m, const char *process, int output, pid_t *pid, struct error *err);
/* `PATH ARGS --root R VERB… ID`; verbs is NULL-terminated. */
int external_call(struct monitor *m, const char *const *verbs, struct error *err);

#endif

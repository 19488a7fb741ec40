/* status.json: the one file that changes by itself. */
#ifndef CORACLE_MONITOR_STATUS_H
#define CORACLE_MONITOR_STATUS_H

#include <stdbool.h>

#include "error.h"
#include "process.h"
#include "timestamp.h"

#define HELPER_MAX 3

enum helper { HELPER_NETWORK, HELPER_ROOTFS, HELPER_FORWARDER };

struct status {
	const char *status;
	struct process_identity monitor, init;
	char started_at[TIME_MAX], finished_at[TIME_MAX]; /* empty: null */
	int exit_code, signal;
	bool oom_killed, stopped_by_user;
	unsigned restart_count;
	char error_code[ERROR_CODE_MAX], error_message[ERROR_MESSAGE_MAX]; /* empty code: null */
	const char *socket;
	struct process_identity helpers[HELPER_MAX]; /* pid 0: none */
};

/* Replaces status.json in the directory at once. Not fsynced: after a crash of the machine nothing runs anyway. */
int status_write(int directory, const struct status *status);

#endif

/* The few calls that we make of systemd, over its own D-Bus socket: no bus daemon and no library is needed for them. */
#ifndef CORACLE_SYSTEMD_BUS_H
#define CORACLE_SYSTEMD_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* Of a unit (org.freedesktop.systemd1(5)). `type`: b, t (number) or s (text). */
struct systemd_property {
	const char *name;
	char type;
	uint64_t number;
	const char *text;
};

/* Whose manager: that of the caller, whom a user namespace may call root, or the system's. */
bool systemd_is_users(void);

/*
 * Makes the transient scope `unit` with the process `pid` in it (StartTransientUnit, mode `fail`), and waits until it is
 * there. A unit of that name which is about to go is waited for too. 0 or -1.
 */
int systemd_start_scope(const char *unit, pid_t pid, const struct systemd_property *properties, size_t count,
			struct error *err);

/* Tells systemd that `unit` has ended (StopUnit, mode `replace`), without waiting for it to act. 0, also when there is none, or -1. */
int systemd_stop_unit(const char *unit, struct error *err);

/* Changes the settings of a unit that runs (SetUnitProperties), for as long as it does. */
int systemd_set_properties(const char *unit, const struct systemd_property *properties, size_t count, struct error *err);

#endif

/* linux.netDevices: network interfaces of the caller's that become the container's. */
#ifndef CORACLE_RUNTIME_NETDEVICES_H
#define CORACLE_RUNTIME_NETDEVICES_H

#include "spec.h"

int netdevices_check(const struct spec *spec, struct error *err);
/* In the creating process: moves them into the network namespace of process PID, with their addresses, and brings them up. */
int netdevices_move(const struct spec *spec, pid_t pid, struct error *err);

#endif

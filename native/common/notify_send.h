/* What sd_notify(3) does. */
#ifndef CORACLE_NOTIFY_SEND_H
#define CORACLE_NOTIFY_SEND_H

#include <stddef.h>

/* To a service manager's socket, a path or @ and an abstract name. A manager that is gone waits for nothing. */
void notify_send(const char *socket_name, const char *text, size_t length);

#endif

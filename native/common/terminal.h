/* The caller's terminal, made raw while it is connected with a container's. */
#ifndef CORACLE_TERMINAL_H
#define CORACLE_TERMINAL_H

#include <stdbool.h>
#include <sys/ioctl.h>

/* Raw mode on stdin, if it is a terminal and we are in its foreground; may be called again. */
void terminal_raw(void);
/* Stdout as it comes (the container's terminal has made CR LF of its lines), while the keys do what they do at the caller's. */
void terminal_raw_output(void);
/* Back to what it was; safe in a signal handler, and when there is nothing to restore. */
void terminal_restore(void);
/* Size of the terminal on stdin (else stdout); false when neither is one. */
bool terminal_size(struct winsize *size);

#endif

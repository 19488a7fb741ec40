/* Which descriptors a process has. */
#ifndef CORACLE_DESCRIPTORS_H
#define CORACLE_DESCRIPTORS_H

#include <stddef.h>

/*
 * Closes all from `first` on but `keep` (sorted here; -1 is skipped). A forked process would else hold the other ends of
 * its own sockets, and never see its parent's death on them. 0 or -1 with errno.
 */
int descriptors_keep(int first, int *keep, size_t count);
/* /dev/null, inherited by children, for those of 0, 1, 2 that are closed: what is opened next must not take their place. */
int descriptors_fill_standard(void);

#endif

/* /etc/mtab, where older programs look for what is mounted. */
#ifndef CORACLE_MONITOR_MTAB_H
#define CORACLE_MONITOR_MTAB_H

#include "config.h"

/* Makes it in a rootfs that is mounted, where the image has none. */
void mtab_prepare(const struct config *config);

#endif

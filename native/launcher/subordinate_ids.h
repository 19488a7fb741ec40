/* The ranges of /etc/subuid and /etc/subgid that are granted to the caller. */
#ifndef CORACLE_SUBORDINATE_IDS_H
#define CORACLE_SUBORDINATE_IDS_H

#include <stddef.h>
#include <sys/types.h>

/* A kernel before 4.15 takes 5 lines in a mapping, later ones 340; nobody has more ranges than this. */
#define SUBORDINATE_RANGES_MAX 32

struct id_range {
	unsigned long start, count;
};

/* Fills in at most SUBORDINATE_RANGES_MAX ranges granted to the user in `file`; returns how many, 0 where it can't be read. */
size_t subordinate_ranges(const char *file, uid_t uid, struct id_range *ranges);

#endif

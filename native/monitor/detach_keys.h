/* The key sequence by which a user leaves a container running. */
#ifndef CORACLE_MONITOR_DETACH_KEYS_H
#define CORACLE_MONITOR_DETACH_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define DETACH_KEYS_MAX 32

struct detach_keys {
	unsigned char keys[DETACH_KEYS_MAX];
	size_t length;  /* 0: none */
	size_t matched; /* of the keys typed last */
};

/* `ctrl-p,ctrl-q`: characters, ctrl- with one of a-z @ [ \ ] ^ _, or DEL; empty for none. */
int detach_keys_parse(struct detach_keys *keys, const char *text, struct error *err);
/*
 * Filters what was typed; `out` has room for length + DETACH_KEYS_MAX bytes. Keys that may begin the sequence are held
 * back until it is clear that they don't. True when the sequence is complete.
 */
bool detach_keys_filter(struct detach_keys *keys, const unsigned char *in, size_t length, unsigned char *out,
			size_t *out_length);

#endif

/* Typed access to JSON objects. A reader leaves *value alone when the key is absent; a wrong type is `bad-config`. */
#ifndef CORACLE_RUNTIME_JSON_H
#define CORACLE_RUNTIME_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* Parses text. Integers beyond int64 become strings of digits, which json_read_u64() takes as well. */
json_t *json_parse(const char *text, size_t length, const char *name, struct error *err);

int json_read_string(json_t *object, const char *where, const char *key, const char **value, struct error *err);
int json_read_bool(json_t *object, const char *where, const char *key, bool *value, struct error *err);
/* An integer within [min, max]; `present` may be NULL. */
int json_read_int(json_t *object, const char *where, const char *key, int64_t min, int64_t max, int64_t *value,
		  bool *present, struct error *err);
int json_read_u64(json_t *object, const char *where, const char *key, uint64_t *value, bool *present,
		  struct error *err);
int json_read_object(json_t *object, const char *where, const char *key, json_t **value, struct error *err);
int json_read_array(json_t *object, const char *where, const char *key, json_t **value, struct error *err);
/* A NULL-terminated malloc'ed array of strings that belong to the object. Always set, empty when absent. */
int json_read_strings(json_t *object, const char *where, const char *key, char ***value, struct error *err);
/*
 * Fails on a key that is not in the NULL-terminated list. The specification would have it ignored: here, where isolation is
 * configured, what is not understood must not weaken it.
 */
int json_only_keys(json_t *object, const char *where, const char *const *known, struct error *err);

#endif

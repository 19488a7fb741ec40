/* Text put together in a buffer of fixed size; what does not fit is left out and noted. */
#ifndef CORACLE_MONITOR_TEXT_H
#define CORACLE_MONITOR_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "process.h"

struct text {
	char *data;
	size_t size, length;
	bool overflow;
};

#define TEXT(buffer) {.data = (buffer), .size = sizeof(buffer)}

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *text, const void *data, size_t length);
/* The inside of a JSON string; bytes that aren't UTF-8 become U+FFFD. */
void text_add_escaped(struct text *text, const char *data, size_t length);
/* The room that the first character of data takes there, at most, and how many bytes of data it is. */
size_t text_escaped_size(const char *data, size_t length, size_t *bytes);
/* A JSON string, or null. */
void text_add_string(struct text *text, const char *string);
/* A JSON object, or null where the pid is 0. */
void text_add_identity(struct text *text, const struct process_identity *identity);

#endif

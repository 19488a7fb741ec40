/* What the layer tool says: error codes of PROTOCOL.md §4 and JSON lines. */
#ifndef CORACLE_LAYER_REPORT_H
#define CORACLE_LAYER_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "error.h"

/* Fills in the error from errno, the code chosen by it (disk-full, not-found, not-a-directory, io-error). Returns -1. */
int fail_errno(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Text as a JSON string; bytes that aren't UTF-8 become U+FFFD. */
void report_string(FILE *out, const char *text);
bool report_is_utf8(const char *text);
/* The error as one line of JSON on stderr. */
void report_error(const struct error *err);

#endif

#ifndef CORACLE_UTF8_H
#define CORACLE_UTF8_H

#include <stddef.h>

/* Length of the UTF-8 character at data, 0 when it is none, -1 when it is one cut off by the end. */
int utf8_length(const char *data, size_t length);

#endif

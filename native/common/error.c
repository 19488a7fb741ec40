#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct error *err, const char *code, int errnum, const char *format, va_list ap)
{
	snprintf(err->code, sizeof err->code, "%s", code);
	err->exit_code = 125;
	err->errnum = errnum;
	int n = vsnprintf(err->message, sizeof err->message, format, ap);
	if (errnum != 0 && n >= 0 && (size_t)n < sizeof err->message)
		snprintf(err->message + n, sizeof err->message - (size_t)n, ": %s", strerror(errnum));
}

int error_set(struct error *err, const char *code, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fill(err, code, 0, format, ap);
	va_end(ap);
	return -1;
}

int error_errno(struct error *err, const char *code, const char *format, ...)
{
	int errnum = errno;
	va_list ap;
	va_start(ap, format);
	fill(err, code, errnum, format, ap);
	va_end(ap);
	return -1;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char old[ERROR_MESSAGE_MAX];
	memcpy(old, err->message, sizeof old);
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(err->message, sizeof err->message, format, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n + 2 < sizeof err->message)
		snprintf(err->message + n, sizeof err->message - (size_t)n, ": %.*s", (int)sizeof old - n - 3, old);
	return -1;
}

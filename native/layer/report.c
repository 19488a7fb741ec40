#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>

#include "utf8.h"

static const char *code_of(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
		return "disk-full";
	case EPIPE:
		return "broken-pipe";
	case ENOENT:
		return "not-found";
	case ENOTDIR:
		return "not-a-directory";
	default:
		return "io-error";
	}
}

int fail_errno(struct error *err, const char *format, ...)
{
	int errnum = errno;
	char what[ERROR_MESSAGE_MAX];
	va_list ap;
	va_start(ap, format);
	vsnprintf(what, sizeof what, format, ap);
	va_end(ap);
	errno = errnum;
	return error_errno(err, code_of(errnum), "%s", what);
}

/* Length of the character, 0 where there is none; the NUL at the end of the text is part of none. */
static size_t character_length(const unsigned char *p)
{
	return (size_t)utf8_length((const char *)p, 4);
}

bool report_is_utf8(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t length = character_length(p);
		if (length == 0)
			return false;
		p += length;
	}
	return true;
}

void report_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t length = character_length(p);
		if (length == 0) {
			fputs("\\ufffd", out);
			length = 1;
		} else if (*p == '"' || *p == '\\') {
			fprintf(out, "\\%c", *p);
		} else if (*p < 0x20 || *p == 0x7f) {
			fprintf(out, "\\u%04x", *p);
		} else {
			fwrite(p, 1, length, out);
		}
		p += length;
	}
	fputc('"', out);
}

void report_error(const struct error *err)
{
	fputs("{\"code\":", stderr);
	report_string(stderr, err->code);
	fputs(",\"message\":", stderr);
	report_string(stderr, err->message);
	fputs("}\n", stderr);
}

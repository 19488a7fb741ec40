#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>

static const char *code_of(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
		return "disk-full";
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

/* Length of the valid UTF-8 sequence of two bytes or more at p, 0 where there is none. */
static size_t utf8_length(const unsigned char *p)
{
	size_t length = p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return length;
}

bool report_is_utf8(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t length = *p >= 0x80 ? utf8_length(p) : 1;
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
		size_t length = *p >= 0x80 ? utf8_length(p) : 1;
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

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

void text_add(struct text *text, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(text->data + text->length, text->size - text->length, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= text->size - text->length)
		text->overflow = true;
	else
		text->length += (size_t)n;
}

void text_add_bytes(struct text *text, const void *data, size_t length)
{
	if (length >= text->size - text->length) {
		text->overflow = true;
		return;
	}
	memcpy(text->data + text->length, data, length);
	text->length += length;
	text->data[text->length] = '\0';
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void add_escape(struct text *text, unsigned char c)
{
	static const char short_forms[] = {['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	if (c < sizeof short_forms && short_forms[c])
		text_add(text, "\\%c", short_forms[c]);
	else
		text_add(text, "\\u%04x", c);
}

size_t text_escaped_size(const char *data, size_t length, size_t *bytes)
{
	int n = utf8_length(data, length);
	*bytes = n > 0 ? (size_t)n : 1;
	return n > 1 || (n == 1 && is_plain((unsigned char)*data)) ? *bytes : sizeof "\\u0000" - 1;
}

void text_add_escaped(struct text *text, const char *data, size_t length)
{
	for (size_t i = 0; i < length;) {
		size_t run = 0;
		while (i + run < length && is_plain((unsigned char)data[i + run]))
			run++;
		text_add_bytes(text, data + i, run);
		i += run;
		if (i == length)
			break;
		int n = utf8_length(data + i, length - i);
		if (n <= 0)
			text_add(text, "\\ufffd");
		else if (n == 1)
			add_escape(text, (unsigned char)data[i]);
		else
			text_add_bytes(text, data + i, (size_t)n);
		i += n > 0 ? (size_t)n : 1;
	}
}

void text_add_string(struct text *text, const char *string)
{
	if (!string) {
		text_add(text, "null");
		return;
	}
	text_add(text, "\"");
	text_add_escaped(text, string, strlen(string));
	text_add(text, "\"");
}

void text_add_identity(struct text *text, const struct process_identity *identity)
{
	if (identity->pid == 0)
		text_add(text, "null");
	else
		text_add(text, "{\"pid\":%d,\"startTime\":%llu,\"bootId\":\"%s\"}", (int)identity->pid,
			 identity->start_time, identity->boot_id);
}

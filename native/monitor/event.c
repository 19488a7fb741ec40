#include "event.h"

#include <stdio.h>
#include <string.h>

#include "file.h"
#include "text.h"

static void add_error(struct text *text, const struct error *error)
{
	text_add(text, "{\"event\":\"error\",\"code\":");
	text_add_string(text, error->code);
	text_add(text, ",\"message\":");
	text_add_string(text, error->message);
	text_add(text, ",\"exitCode\":%d}", error->exit_code);
}

size_t event_format_ending(char buffer[EVENT_MAX], const struct ending *ending)
{
	struct text text = {.data = buffer, .size = EVENT_MAX};
	if (ending->error)
		add_error(&text, ending->error);
	else
		text_add(&text, "{\"event\":\"exited\",\"exitCode\":%d,\"signal\":%d,\"oomKilled\":%s}", ending->exit_code,
			 ending->signal, ending->oom_killed ? "true" : "false");
	return text.length;
}

/* One write a line; the engine may be gone, which is nothing to the monitor. */
static void write_line(int fd, struct text *text)
{
	text_add(text, "\n");
	if (fd >= 0 && write_full(fd, text->data, text->length) < 0)
		return;
}

void event_process(int fd, const char *event, pid_t pid)
{
	char buffer[128];
	struct text text = TEXT(buffer);
	text_add(&text, "{\"event\":\"%s\",\"pid\":%d}", event, (int)pid);
	write_line(fd, &text);
}

void event_ending(int fd, const struct ending *ending)
{
	char buffer[EVENT_MAX];
	struct text text = TEXT(buffer);
	text.length = event_format_ending(buffer, ending);
	write_line(fd, &text);
}

void event_error(int fd, const struct error *error)
{
	event_ending(fd, &(struct ending){.error = error});
}

void event_detached(int fd)
{
	char buffer[32];
	struct text text = TEXT(buffer);
	text_add(&text, "{\"event\":\"detached\"}");
	write_line(fd, &text);
}

void event_output_failed(int fd, int stream, int errnum)
{
	char buffer[256], message[160];
	struct text text = TEXT(buffer);
	snprintf(message, sizeof message, "write /dev/%s: %s", stream == 2 ? "stderr" : "stdout", strerror(errnum));
	text_add(&text, "{\"event\":\"output-failed\",\"message\":");
	text_add_string(&text, message);
	text_add(&text, "}");
	write_line(fd, &text);
}

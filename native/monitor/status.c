#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "text.h"

static void add_time(struct text *text, const char *key, const char *time)
{
	text_add(text, ",\"%s\":", key);
	text_add_string(text, time[0] ? time : NULL);
}

static void add_helpers(struct text *text, const struct status *status)
{
	const char *separator = "";
	text_add(text, ",\"helpers\":[");
	for (int i = 0; i < HELPER_MAX; i++) {
		if (status->helpers[i].pid == 0)
			continue;
		text_add(text, "%s", separator);
		text_add_identity(text, &status->helpers[i]);
		separator = ",";
	}
	text_add(text, "]");
}

/*
 * A full disk has no room for a second file, but the first keeps what it has. White space up to its old length makes it
 * whole with one write.
 */
static int overwrite(int directory, struct text *text)
{
	auto_close int fd = openat(directory, "status.json", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	while ((off_t)text->length < st.st_size && !text->overflow)
		text_add(text, "\n");
	return pwrite(fd, text->data, text->length, 0) == (ssize_t)text->length ? 0 : -1;
}

int status_write(int directory, const struct status *status)
{
	char buffer[16384];
	struct text text = TEXT(buffer);
	text_add(&text, "{\"status\":\"%s\",\"monitor\":", status->status);
	text_add_identity(&text, &status->monitor);
	text_add(&text, ",\"init\":");
	text_add_identity(&text, &status->init);
	add_time(&text, "startedAt", status->started_at);
	add_time(&text, "finishedAt", status->finished_at);
	text_add(&text, ",\"exitCode\":%d,\"signal\":%d,\"oomKilled\":%s,\"restartCount\":%u,\"stoppedByUser\":%s,\"error\":",
		 status->exit_code, status->signal, status->oom_killed ? "true" : "false", status->restart_count,
		 status->stopped_by_user ? "true" : "false");
	if (status->error_code[0]) {
		text_add(&text, "{\"code\":");
		text_add_string(&text, status->error_code);
		text_add(&text, ",\"message\":");
		text_add_string(&text, status->error_message);
		text_add(&text, "}");
	} else {
		text_add(&text, "null");
	}
	text_add(&text, ",\"socket\":");
	text_add_string(&text, status->socket);
	add_helpers(&text, status);
	text_add(&text, "}\n");
	if (write_file_atomic_at(directory, "status.json", text.data, text.length, 0600, 0) == 0)
		return 0;
	return errno == ENOSPC || errno == EDQUOT ? overwrite(directory, &text) : -1;
}

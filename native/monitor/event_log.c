#include "event_log.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "event_journal.h"
#include "file.h"
#include "log_journal.h"
#include "supervisor.h"
#include "timestamp.h"

/* Labels are limited by nothing else. */
#define SUBJECT_MAX (1U << 20)
/* In front of the path of journald's socket, where that takes events. */
#define JOURNAL "journal:"

/* Read anew for every event, since a container may be renamed while it runs. */
static char *read_subject(const struct monitor *m)
{
	if (!m->config->exec)
		return read_file_at(m->launch->directory, "events", SUBJECT_MAX, NULL);
	auto_close int directory = open(m->launch->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return directory < 0 ? NULL : read_file_at(directory, "events", SUBJECT_MAX, NULL);
}

static int connection = -1; /* to the journal */

void event_log_keep(const struct monitor *m)
{
	auto_free char *path = read_subject(m);
	if (!path || strncmp(path, JOURNAL, strlen(JOURNAL)) != 0)
		return;
	path[strcspn(path, "\n")] = '\0';
	connection = journal_connect(path + strlen(JOURNAL));
}

void event_log(const struct monitor *m, const char *status, const char *members)
{
	auto_free char *path = read_subject(m), *line = NULL;
	char *subject = path ? strchr(path, '\n') : NULL, time[TIME_MAX];
	bool to_journal = path && strncmp(path, JOURNAL, strlen(JOURNAL)) == 0;
	if (!subject || (path[0] != '/' && !to_journal))
		return;
	*subject++ = '\0';
	subject[strcspn(subject, "\n")] = '\0';
	time_now(time);
	int rc = asprintf(&line, "{\"Time\":\"%s\",\"Status\":\"%s\",%s%s}\n", time, status, members, subject);
	if (rc < 0) {
		line = NULL;
		return;
	}
	if (to_journal && connection >= 0)
		event_journal(connection, line);
	else if (to_journal)
		event_journal_once(path + strlen(JOURNAL), line);
	if (to_journal)
		return;
	auto_close int log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	/* One write: lines of several processes don't mix. */
	if (log >= 0 && write_full(log, line, (size_t)rc) < 0)
		return;
}

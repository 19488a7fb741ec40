#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "conmon.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define MAX_FILES 1000

const char *conmon_absolute(const char *path)
{
	char *text = NULL;
	auto_free char *directory = path[0] == '/' ? NULL : get_current_dir_name();
	if (path[0] == '/')
		return path;
	return !directory || asprintf(&text, "%s/%s", directory, path) < 0 ? NULL : text;
}

static int set_log_file(struct conmon_options *o, enum log_driver driver, const char *path, struct error *err)
{
	if (!path || !*path)
		return error_set(err, "usage", "--log-path: k8s-file requires a filename");
	o->log.log = driver;
	o->log.log_path = conmon_absolute(path);
	return o->log.log_path ? 0 : error_errno(err, "internal", "find the working directory");
}

/* The container could push input into a terminal, as if it were typed. */
static int set_passthrough(struct conmon_options *o, bool terminal_allowed, struct error *err)
{
	o->passthrough = true;
	for (int fd = 0; fd < 3 && !terminal_allowed; fd++)
		if (isatty(fd))
			return error_set(err, "usage", "--log-path passthrough: not with a terminal; use passthrough-tty");
	return 0;
}

/* DRIVER:PATH, DRIVER, PATH or :PATH; several of them, of which the last one that names a file counts. */
int conmon_parse_log(struct conmon_options *o, const char *text, struct error *err)
{
	static const struct {
		const char *name;
		enum log_driver driver;
	} drivers[] = {
		{"k8s-file", LOG_K8S}, {"json-file", LOG_JSON}, {"journald", LOG_JOURNALD}, {"passthrough", LOG_PASSTHROUGH},
		{"passthrough-tty", LOG_PASSTHROUGH}, {"none", LOG_NONE}, {"off", LOG_NONE}, {"null", LOG_NONE},
	};
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text), i = 0, count = sizeof drivers / sizeof *drivers;
	o->log_given = true;
	if (!text[0] || strcmp(text, ":") == 0)
		return error_set(err, "usage", "log-path must not be empty");
	while (i < count && (strlen(drivers[i].name) != length || strncmp(drivers[i].name, text, length) != 0))
		i++;
	if (i == count && (!colon || length == 0 || text[0] == '/'))
		return set_log_file(o, LOG_K8S, length == 0 ? colon + 1 : text, err);
	if (i == count)
		return error_set(err, "usage",
				 "No such log driver %.*s; there are k8s-file, json-file, journald, passthrough, "
				 "passthrough-tty and none",
				 (int)length, text);
	switch (drivers[i].driver) {
	case LOG_NONE:
		return 0; /* beside others it takes nothing from them */
	case LOG_PASSTHROUGH:
		return set_passthrough(o, drivers[i].name[sizeof "passthrough" - 1] == '-', err);
	case LOG_JOURNALD:
		o->journal.log = LOG_JOURNALD;
		return 0;
	default:
		return set_log_file(o, drivers[i].driver, colon ? colon + 1 : NULL, err);
	}
}

static int check_label(const char *label, struct error *err)
{
	const char *equals = strchr(label, '=');
	if (!equals || equals == label || strchr(equals + 1, '='))
		return error_set(err, "usage", "--log-label: Container labels must be in format LABEL=VALUE, not `%s`", label);
	for (const char *c = label; c < equals; c++)
		if (!isupper((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
			return error_set(err, "usage",
					 "--log-label: Container label names must contain only uppercase letters, numbers and "
					 "underscore, not `%.*s`",
					 (int)(equals - label), label);
	return 0;
}

static int check_journal(struct conmon_options *o, struct error *err)
{
	size_t i;
	json_t *label;
	if (strlen(o->id) <= SHORT_ID)
		return error_set(err, "usage", "Container ID must be longer than 12 characters for --log-path journald");
	json_array_foreach(o->journal.log_labels, i, label)
		if (check_label(json_string_value(label), err) < 0)
			return -1;
	o->journal.id = o->id;
	o->journal.log_path = JOURNAL_SOCKET;
	return 0;
}

/* For what only the journal can keep. */
static int check_no_journal(const struct conmon_options *o, struct error *err)
{
	if (o->journal.log_no_partial)
		fprintf(stderr, "conmon: --no-container-partial-message has no effect without journald log driver\n");
	if (o->log.log == LOG_NONE)
		return 0;
	if (o->journal.log_tag)
		return error_set(err, "usage", "k8s-file doesn't support --log-tag; use --log-path journald");
	if (json_array_size(o->journal.log_labels) > 0)
		return error_set(err, "usage", "k8s-file doesn't support --log-label; use --log-path journald");
	return 0;
}

static bool is_below(const char *path, const char *top)
{
	size_t length = strlen(top);
	return strncmp(path, top, length) == 0 && (!path[length] || path[length] == '/' || top[length - 1] == '/');
}

/* The log's directory, wherever links lead, must be one of those that are allowed, or in one. */
static int check_allowed(const struct conmon_options *o, struct error *err)
{
	size_t i;
	json_t *allowed;
	if (json_array_size(o->log_allowed) == 0 || o->log.log == LOG_NONE)
		return 0;
	auto_free char *parent = strndup(o->log.log_path, (size_t)(strrchr(o->log.log_path, '/') + 1 - o->log.log_path));
	auto_free char *real = parent ? realpath(parent, NULL) : NULL;
	if (!real)
		return error_errno(err, "internal", "Failed to open log file %s", o->log.log_path);
	json_array_foreach(o->log_allowed, i, allowed) {
		auto_free char *top = realpath(json_string_value(allowed), NULL);
		if (top && is_below(real, top))
			return 0;
	}
	return error_set(err, "usage", "--log-path: %s is in none of --log-allowlist-dirs", o->log.log_path);
}

int conmon_check_logs(struct conmon_options *o, struct error *err)
{
	if (!o->log_given)
		return error_set(err, "usage", "Log driver not provided. Use --log-path");
	if (o->log_max_files > MAX_FILES)
		return error_set(err, "usage", "log-max-files cannot exceed %d", MAX_FILES);
	if (o->log_rotate && o->log_max_files == 0)
		return error_set(err, "usage", "log-max-files must be at least 1 when log-rotate is enabled");
	o->log.log_max_file = o->log_rotate ? o->log_max_files + 1 : 1;
	if (check_allowed(o, err) < 0)
		return -1;
	return o->journal.log == LOG_JOURNALD ? check_journal(o, err) : check_no_journal(o, err);
}

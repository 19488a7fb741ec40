#include "event_journal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "log_journal.h"

/* Beside the values: names, lengths, and what is said for people. */
#define OVERHEAD 4096

static const struct {
	const char *key, *field;
} fields[] = {
	{"Status", "PODMAN_EVENT"},
	{"Type", "PODMAN_TYPE"},
	{"Time", "PODMAN_TIME"},
	{"Name", "PODMAN_NAME"},
	{"ID", "PODMAN_ID"},
	{"Image", "PODMAN_IMAGE"},
	{"Network", "PODMAN_NETWORK_NAME"},
	{"PodID", "PODMAN_POD_ID"},
	{"ContainerExitCode", "PODMAN_EXIT_CODE"},
	{"Attributes", "PODMAN_LABELS"},
	{"HealthStatus", "PODMAN_HEALTH_STATUS"},
	{"HealthFailingStreak", "PODMAN_HEALTH_FAILING_STREAK"},
	{"HealthLog", "PODMAN_HEALTH_LOG"},
	{"Error", "ERROR"},
};

static const char *word(const json_t *event, const char *key)
{
	const char *value = json_string_value(json_object_get(event, key));
	return value ? value : "";
}

static void add_message(struct text *text, const json_t *event)
{
	const char *image = word(event, "Image"), *name = word(event, "Name");
	auto_free char *message = NULL;
	int length = asprintf(&message, "%s %s %s %s (image=%s, name=%s)", word(event, "Time"), word(event, "Type"),
			      word(event, "Status"), word(event, "ID"), image, name[0] ? name : word(event, "Network"));
	if (length < 0)
		message = NULL;
	else
		journal_add_field(text, "MESSAGE", message, (size_t)length);
}

void event_journal_once(const char *socket, const char *event)
{
	auto_close int journal = journal_connect(socket);
	if (journal >= 0)
		event_journal(journal, event);
}

void event_journal(int journal, const char *event)
{
	json_t *object = json_loads(event, 0, NULL);
	if (!object)
		return;
	size_t size = 3 * strlen(event) + OVERHEAD;
	auto_free char *data = malloc(size);
	struct text text = {.data = data, .size = size};
	if (data) {
		add_message(&text, object);
		journal_add_field(&text, "SYSLOG_IDENTIFIER", "podman", strlen("podman"));
		journal_add_field(&text, "PRIORITY", "6", 1);
		for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
			json_t *value = json_object_get(object, fields[i].key);
			if (!value)
				continue;
			auto_free char *other = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
			const char *shown = other ? other : json_string_value(value);
			if (shown)
				journal_add_field(&text, fields[i].field, shown, strlen(shown));
		}
		journal_send(journal, data, text.length);
	}
	json_decref(object);
}

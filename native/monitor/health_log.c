/* The file in which the engine finds a container's health: the status, and the last checks. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "health.h"
#include "text.h"

#define LOG_MAX (64U << 20)
#define ENTRY_OVERHEAD 256

const char *const health_status_names[] = {"starting", "healthy", "unhealthy"};

struct place {
	int directory;
	const char *name;
};

static int open_place(const struct health_config *config, struct place *place)
{
	const char *slash = strrchr(config->log_path, '/');
	auto_free char *directory = strndup(config->log_path, (size_t)(slash - config->log_path) + 1);
	place->name = slash + 1;
	place->directory = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return place->directory < 0 ? -1 : 0;
}

/* The checks that are written down already; an empty array where nothing can be read. */
static json_t *old_entries(const struct place *place)
{
	size_t length;
	auto_free char *text = read_file_at(place->directory, place->name, LOG_MAX, &length);
	json_t *document = text ? json_loadb(text, length, 0, NULL) : NULL;
	json_t *log = json_object_get(document, "Log");
	json_t *entries = json_is_array(log) ? json_incref(log) : json_array();
	json_decref(document);
	return entries;
}

static void add_entry(struct text *text, const struct health_check *check, const char *output, size_t length)
{
	text_add(text, "{\"Start\":\"%s\",\"End\":\"%s\",\"ExitCode\":%d,\"Output\":\"", check->start, check->end,
		 check->exit_code);
	text_add_escaped(text, output, length);
	text_add(text, "\"}");
}

/* Bytes that are no text grow to six. */
static size_t entry_size(size_t length)
{
	return ENTRY_OVERHEAD + 6 * length;
}

static int write_log(const struct place *place, json_t *entries, const struct health_check *check, const char *output,
		     size_t length)
{
	const struct health_state *state = &check->state;
	auto_free char *old = json_dumps(entries, JSON_COMPACT);
	size_t size = (old ? strlen(old) : 0) + entry_size(length) + ENTRY_OVERHEAD;
	auto_free char *buffer = malloc(size);
	if (!old || !buffer)
		return -1;
	struct text text = {.data = buffer, .size = size};
	text_add(&text, "{\"Status\":\"%s\",\"FailingStreak\":%u,\"Log\":", health_status_names[state->status], state->streak);
	/* The array without its end. */
	text_add_bytes(&text, old, strlen(old) - 1);
	text_add(&text, "%s", json_array_size(entries) > 0 ? "," : "");
	add_entry(&text, check, output, length);
	text_add(&text, "]}\n");
	return write_file_atomic_at(place->directory, place->name, text.data, text.length, 0600, 0);
}

/* As with Podman, what was found before a start is not told after it. */
int health_log_begin(const struct health_config *config)
{
	static const char fresh[] = "{\"Status\":\"starting\",\"FailingStreak\":0,\"Log\":null}\n";
	struct place place;
	if (open_place(config, &place) < 0)
		return -1;
	int rc = write_file_atomic_at(place.directory, place.name, fresh, sizeof(fresh) - 1, 0600, 0);
	close(place.directory);
	return rc;
}

int health_log_add(const struct health_config *config, const struct health_check *check, const char *output, size_t length)
{
	struct place place;
	if (open_place(config, &place) < 0)
		return -1;
	json_t *entries = old_entries(&place);
	while (config->log_count > 0 && json_array_size(entries) >= config->log_count)
		json_array_remove(entries, 0);
	int rc = write_log(&place, entries, check, output, length);
	json_decref(entries);
	close(place.directory);
	return rc;
}

/*
 * Log files, their rotation included: no file beyond its limit but for a single entry, no more files than asked for, and
 * what is in the newest entries is what was written last.
 */
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "monitor/log.h"
#include "utf8.h"

#define LIMIT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static char path[PATH_MAX];

/* Removes the logs; returns how many there were, none of them larger than `largest`. */
static unsigned remove_logs(off_t largest)
{
	unsigned count = 0;
	DIR *entries = opendir(".");
	for (struct dirent *entry; entries && (entry = readdir(entries));) {
		struct stat st;
		if (strncmp(entry->d_name, "log", 3) != 0)
			continue;
		if (stat(entry->d_name, &st) < 0 || (largest && st.st_size > largest))
			abort();
		unlink(entry->d_name);
		count++;
	}
	closedir(entries);
	return count;
}

static void expect(bool truth)
{
	if (!truth)
		abort();
}

/* `TIME stdout|stderr P|F TEXT` lines, taken together again. */
static void check_k8s(const char *log, const char *data[STREAM_COUNT], const size_t length[STREAM_COUNT])
{
	size_t at[STREAM_COUNT] = {0};
	for (const char *line = log, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		expect(end != NULL);
		const char *stream = strchr(line, ' ');
		expect(stream && (strncmp(stream, " stdout ", 8) == 0 || strncmp(stream, " stderr ", 8) == 0));
		enum stream s = stream[4] == 'o' ? STREAM_STDOUT : STREAM_STDERR;
		char tag = stream[8];
		expect((tag == 'P' || tag == 'F') && stream[9] == ' ');
		size_t text = (size_t)(end - (stream + 10)), whole = text + (tag == 'F');
		expect(at[s] + whole <= length[s] && memcmp(data[s] + at[s], stream + 10, whole) == 0);
		at[s] += whole;
	}
	for (int s = 0; s < STREAM_COUNT; s++)
		expect(at[s] == length[s]);
}

/* Every line is JSON; what was valid UTF-8 comes back as it was. */
static void check_json(const char *log, const char *data[STREAM_COUNT], const size_t length[STREAM_COUNT])
{
	size_t at[STREAM_COUNT] = {0};
	bool exact[STREAM_COUNT];
	for (int s = 0; s < STREAM_COUNT; s++) {
		size_t valid = 0;
		for (int n; valid < length[s] && (n = utf8_length(data[s] + valid, length[s] - valid)) > 0;)
			valid += (size_t)n;
		exact[s] = valid == length[s] && !memchr(data[s], '\0', length[s]);
	}
	for (const char *line = log, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		expect(end != NULL);
		json_t *entry = json_loadb(line, (size_t)(end - line), JSON_ALLOW_NUL, NULL);
		json_t *text = json_object_get(entry, "log");
		const char *stream = json_string_value(json_object_get(entry, "stream"));
		expect(text && stream && json_string_value(json_object_get(entry, "time")));
		int s = strcmp(stream, "stderr") == 0;
		size_t n = json_string_length(text);
		if (exact[s])
			expect(at[s] + n <= length[s] && memcmp(data[s] + at[s], json_string_value(text), n) == 0);
		at[s] += n;
		json_decref(entry);
	}
	for (int s = 0; s < STREAM_COUNT; s++)
		expect(!exact[s] || at[s] == length[s]);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct log log;
	struct error err;
	char *written[STREAM_COUNT] = {malloc(size + 1), malloc(size + 1)};
	size_t length[STREAM_COUNT] = {0};
	if (size < 3)
		goto out;
	bool rotates = input[0] & 2;
	struct config config = {
		.log = input[0] & 1 ? LOG_JSON : LOG_K8S,
		.log_path = path,
		.log_max_size = rotates ? 1 + input[1] * 16U : 0,
		.log_max_file = 1 + input[2] % 4,
	};
	expect(getcwd(path, sizeof path - 8) != NULL);
	strcat(path, "/log");
	remove_logs(0);
	expect(log_open(&log, &config, &err) == 0);
	/* A byte says which stream and how much of what follows is read at once. */
	for (size_t at = 3; at + 1 < size;) {
		enum stream stream = input[at] & 1 ? STREAM_STDERR : STREAM_STDOUT;
		size_t n = (size_t)(input[at] >> 1) * (input[at] & 128 ? 64 : 1);
		n = n < size - at - 1 ? n : size - at - 1;
		const char *data = (const char *)input + at + 1;
		log_write(&log, stream, data, n);
		memcpy(written[stream] + length[stream], data, n);
		length[stream] += n;
		at += 1 + n;
	}
	log_close(&log);
	if (rotates) {
		/* One entry is written whole, however small the limit. */
		off_t largest = (off_t)config.log_max_size + (config.log == LOG_JSON ? 16384 : 16384 + 64);
		expect(remove_logs(largest) <= config.log_max_file);
	} else {
		char *text = read_file_at(AT_FDCWD, "log", 64 * LIMIT, NULL);
		expect(text != NULL);
		const char *data[STREAM_COUNT] = {written[0], written[1]};
		/* A NUL byte of a container is one of the log; here it would end the text. */
		if (config.log == LOG_JSON)
			check_json(text, data, length);
		else if (!memchr(input, '\0', size))
			check_k8s(text, data, length);
		free(text);
		expect(remove_logs(0) == 1);
	}
out:
	free(written[0]);
	free(written[1]);
	return 0;
}

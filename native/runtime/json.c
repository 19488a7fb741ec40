#include "json.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* Docker-made configurations hold 18446744073709551615, which jansson refuses. Quoting it keeps it exact. */
static char *quote_big_integers(const char *text, size_t length, size_t *out_length)
{
	char *out = malloc(length * 2 + 1);
	if (!out)
		return NULL;
	size_t n = 0;
	bool in_string = false;
	for (size_t i = 0; i < length;) {
		char c = text[i];
		if (in_string || !isdigit((unsigned char)c)) {
			if (c == '\\' && in_string && i + 1 < length)
				out[n++] = text[i++];
			else if (c == '"')
				in_string = !in_string;
			out[n++] = text[i++];
			continue;
		}
		size_t digits = strspn(text + i, "0123456789");
		bool plain = !strchr(".eE", text[i + digits]) && (i == 0 || !strchr("-+.eE", text[i - 1]));
		bool big = plain && (digits > 19 || (digits == 19 && strncmp(text + i, "9223372036854775807", 19) > 0));
		if (big)
			out[n++] = '"';
		memcpy(out + n, text + i, digits);
		n += digits;
		i += digits;
		if (big)
			out[n++] = '"';
	}
	out[n] = '\0';
	*out_length = n;
	return out;
}

json_t *json_parse(const char *text, size_t length, const char *name, struct error *err)
{
	json_error_t problem;
	json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
	if (!value && json_error_code(&problem) == json_error_numeric_overflow) {
		size_t quoted_length;
		auto_free char *quoted = quote_big_integers(text, length, &quoted_length);
		if (quoted)
			value = json_loadb(quoted, quoted_length, JSON_REJECT_DUPLICATES, &problem);
	}
	if (!value) {
		error_set(err, "bad-config", "%s: line %d column %d: %s", name, problem.line, problem.column,
			  problem.text);
		return NULL;
	}
	if (!json_is_object(value)) {
		json_decref(value);
		error_set(err, "bad-config", "%s: not a JSON object", name);
		return NULL;
	}
	return value;
}

static int wrong_type(const char *where, const char *key, const char *expected, struct error *err)
{
	return error_set(err, "bad-config", "%s.%s: must be %s", where, key, expected);
}

static json_t *lookup(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	return json_is_null(value) ? NULL : value;
}

int json_read_string(json_t *object, const char *where, const char *key, const char **value, struct error *err)
{
	json_t *item = lookup(object, key);
	if (!item)
		return 0;
	if (!json_is_string(item))
		return wrong_type(where, key, "a string", err);
	*value = json_string_value(item);
	return 0;
}

int json_read_bool(json_t *object, const char *where, const char *key, bool *value, struct error *err)
{
	json_t *item = lookup(object, key);
	if (!item)
		return 0;
	if (!json_is_boolean(item))
		return wrong_type(where, key, "true or false", err);
	*value = json_is_true(item);
	return 0;
}

int json_read_int(json_t *object, const char *where, const char *key, int64_t min, int64_t max, int64_t *value,
		  bool *present, struct error *err)
{
	json_t *item = lookup(object, key);
	if (present)
		*present = item != NULL;
	if (!item)
		return 0;
	if (!json_is_integer(item))
		return wrong_type(where, key, "an integer", err);
	if (json_integer_value(item) < min || json_integer_value(item) > max)
		return error_set(err, "bad-config", "%s.%s: %lld is not between %lld and %lld", where, key,
				 (long long)json_integer_value(item), (long long)min, (long long)max);
	*value = json_integer_value(item);
	return 0;
}

int json_read_u64(json_t *object, const char *where, const char *key, uint64_t *value, bool *present,
		  struct error *err)
{
	json_t *item = lookup(object, key);
	if (present)
		*present = item != NULL;
	if (!item)
		return 0;
	if (json_is_integer(item)) {
		*value = (uint64_t)json_integer_value(item);
		return 0;
	}
	const char *text = json_string_value(item);
	char *end = NULL;
	errno = 0;
	if (text && isdigit((unsigned char)*text))
		*value = strtoull(text, &end, 10);
	if (!end || *end != '\0' || errno != 0)
		return wrong_type(where, key, "an integer", err);
	return 0;
}

int json_read_object(json_t *object, const char *where, const char *key, json_t **value, struct error *err)
{
	json_t *item = lookup(object, key);
	if (item && !json_is_object(item))
		return wrong_type(where, key, "an object", err);
	if (item)
		*value = item;
	return 0;
}

int json_read_array(json_t *object, const char *where, const char *key, json_t **value, struct error *err)
{
	json_t *item = lookup(object, key);
	if (item && !json_is_array(item))
		return wrong_type(where, key, "an array", err);
	if (item)
		*value = item;
	return 0;
}

int json_read_strings(json_t *object, const char *where, const char *key, char ***value, struct error *err)
{
	json_t *array = NULL;
	if (json_read_array(object, where, key, &array, err) < 0)
		return -1;
	size_t count = json_array_size(array);
	auto_free char **strings = calloc(count + 1, sizeof *strings);
	if (!strings)
		return error_errno(err, "runtime-failed", "read %s.%s", where, key);
	for (size_t i = 0; i < count; i++) {
		json_t *item = json_array_get(array, i);
		if (!json_is_string(item))
			return wrong_type(where, key, "an array of strings", err);
		strings[i] = (char *)json_string_value(item);
	}
	*value = steal_ptr(&strings);
	return 0;
}

int json_only_keys(json_t *object, const char *where, const char *const *known, struct error *err)
{
	const char *key;
	json_t *value;
	json_object_foreach(object, key, value)
	{
		const char *const *name = known;
		while (*name && strcmp(*name, key) != 0)
			name++;
		if (!*name && !json_is_null(value))
			return error_set(err, "bad-config",
					 "%s.%s: not known to this runtime; refused because it may be meant to isolate",
					 where, key);
	}
	return 0;
}

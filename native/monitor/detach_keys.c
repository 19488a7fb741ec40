#include "detach_keys.h"

#include <string.h>

static int parse_key(const char *key, size_t length, unsigned char *value)
{
	if (length == 1) {
		*value = (unsigned char)*key;
		return 0;
	}
	if (length == 3 && strncmp(key, "DEL", 3) == 0) {
		*value = 0x7f;
		return 0;
	}
	if (length != 6 || strncmp(key, "ctrl-", 5) != 0)
		return -1;
	char c = key[5];
	if (c >= 'a' && c <= 'z')
		*value = (unsigned char)(c - 'a' + 1);
	else if (c == '@' || (c >= '[' && c <= '_'))
		*value = (unsigned char)(c - '@');
	else
		return -1;
	return 0;
}

int detach_keys_parse(struct detach_keys *keys, const char *text, struct error *err)
{
	*keys = (struct detach_keys){0};
	for (const char *key = text; *text != '\0';) {
		size_t length = strcspn(key, ",");
		if (keys->length == DETACH_KEYS_MAX || parse_key(key, length, &keys->keys[keys->length]) < 0)
			return error_set(err, "bad-config",
					 "detach keys %s: each is a character or ctrl- and one of a-z @ [ \\ ] ^ _", text);
		keys->length++;
		if (key[length] == '\0')
			break;
		key += length + 1;
	}
	return 0;
}

/* Longest end of what has been matched so far, then `key`, that is itself a beginning of the sequence. */
static size_t next_match(const struct detach_keys *keys, unsigned char key)
{
	for (size_t length = keys->matched + 1; length > 0; length--) {
		size_t skip = keys->matched + 1 - length;
		if (keys->keys[length - 1] == key && memcmp(keys->keys, keys->keys + skip, length - 1) == 0)
			return length;
	}
	return 0;
}

bool detach_keys_filter(struct detach_keys *keys, const unsigned char *in, size_t length, unsigned char *out,
			size_t *out_length)
{
	*out_length = 0;
	for (size_t i = 0; i < length; i++) {
		size_t match = keys->length > 0 ? next_match(keys, in[i]) : 0;
		size_t give_up = keys->matched + 1 - match; /* held back keys that can't be part of it any more */
		for (size_t k = 0; k < give_up; k++)
			out[(*out_length)++] = k < keys->matched ? keys->keys[k] : in[i];
		keys->matched = match;
		if (match > 0 && match == keys->length)
			return true;
	}
	return false;
}

/* Mutates JSON as a tree: bytes changed at random would hardly ever leave valid JSON behind. */
#ifndef CORACLE_FUZZ_JSON_MUTATOR_H
#define CORACLE_FUZZ_JSON_MUTATOR_H

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_nodes(json_t *node)
{
	size_t count = 1, index;
	const char *key;
	json_t *child;
	if (json_is_object(node)) {
		json_object_foreach(node, key, child)
			count += count_nodes(child);
	} else if (json_is_array(node)) {
		json_array_foreach(node, index, child)
			count += count_nodes(child);
	}
	return count;
}

static json_t *mutated_string(const char *text)
{
	uint8_t buffer[256];
	size_t length = strlen(text) < 200 ? strlen(text) : 200;
	memcpy(buffer, text, length);
	length = LLVMFuzzerMutate(buffer, length, sizeof buffer - 1);
	json_t *string = json_stringn((const char *)buffer, length);
	return string ? string : json_string("../..//\x01%s%n");
}

static json_t *replacement(json_t *old, unsigned random)
{
	static const json_int_t numbers[] = {0, -1, 1, 4294967295, 4294967296, INT_MAX, INT_MIN, LLONG_MAX, LLONG_MIN, 65536};
	switch (random % 8) {
	case 0:
		return json_integer(numbers[random / 8 % (sizeof numbers / sizeof *numbers)]);
	case 1:
		return json_null();
	case 2:
		return json_object();
	case 3:
		return json_pack("[o, o]", json_deep_copy(old), json_deep_copy(old));
	case 4:
		return json_real(1e300);
	case 5:
		return json_boolean((int)(random / 8 % 2));
	default:
		return mutated_string(json_is_string(old) ? json_string_value(old) : "x");
	}
}

/* Replaces or removes the node with that number below `node`; counts down as it goes. */
static void mutate_at(json_t *node, size_t *number, unsigned random)
{
	const char *key;
	void *next;
	json_t *child;
	if (json_is_object(node)) {
		json_object_foreach_safe(node, next, key, child) {
			if ((*number)-- == 0) {
				if (random % 16 == 15)
					json_object_del(node, key);
				else
					json_object_set_new(node, key, replacement(child, random));
				return;
			}
			mutate_at(child, number, random);
			if (*number == SIZE_MAX)
				return;
		}
	}
	for (size_t i = 0; json_is_array(node) && i < json_array_size(node); i++) {
		child = json_array_get(node, i);
		if ((*number)-- == 0) {
			if (random % 16 == 15)
				json_array_remove(node, i);
			else
				json_array_set_new(node, i, replacement(child, random));
			return;
		}
		mutate_at(child, number, random);
		if (*number == SIZE_MAX)
			return;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	json_t *tree = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
	if (!tree || seed % 50 == 0) {
		json_decref(tree);
		return LLVMFuzzerMutate(data, size, max_size);
	}
	srand(seed);
	for (int rounds = 1 + rand() % 3; rounds > 0; rounds--) {
		size_t number = (size_t)rand() % count_nodes(tree);
		mutate_at(tree, &number, (unsigned)rand());
	}
	char *text = json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(tree);
	if (text && strlen(text) <= max_size) {
		size = strlen(text);
		memcpy(data, text, size);
	}
	free(text);
	return size;
}

/* Writes the input to `name` in the working directory, where the loaders look for it. */
static void write_input(const char *name, const uint8_t *data, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

#endif

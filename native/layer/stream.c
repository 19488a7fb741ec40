#include "stream.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "decoder.h"
#include "file.h"
#include "report.h"

#define SLOTS 8
#define SLOT_SIZE (256 * 1024)
#define INPUT_SIZE (128 * 1024)

struct slot {
	uint8_t *data;
	size_t length;
};

struct stream {
	struct stream_options options;
	pthread_t thread;
	bool running;
	int stop_fd; /* readable when the thread shall not wait for input any more */

	/* Under the lock. Slots [taken, given) are full; the reader's own is `taken` while `holding`. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct slot slots[SLOTS];
	unsigned long given, taken;
	bool holding;
	bool ended;   /* no more slots come */
	bool discard; /* the reader wants no more */
	bool failed;  /* error is set */
	struct error error;

	/* The thread's own until it is joined. */
	bool grown; /* the file that is followed has got all its bytes */
	uint8_t *input;
	uint8_t *out;
	size_t out_left;
	struct decoder decoder;
	struct sha256_ctx compressed, uncompressed;
	uint64_t size, diff_size;
};

static void lock(struct stream *s)
{
	pthread_mutex_lock(&s->lock);
}

static void unlock(struct stream *s)
{
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

/* Waits for an empty slot. Returns false when nobody wants more. */
static bool claim_slot(struct stream *s)
{
	lock(s);
	while (s->given - s->taken == SLOTS && !s->discard)
		pthread_cond_wait(&s->changed, &s->lock);
	bool wanted = !s->discard;
	s->out = s->slots[s->given % SLOTS].data;
	s->out_left = SLOT_SIZE;
	unlock(s);
	return wanted;
}

static void publish_slot(struct stream *s)
{
	size_t length = SLOT_SIZE - s->out_left;
	s->out = NULL;
	if (length == 0)
		return;
	struct slot *slot = &s->slots[s->given % SLOTS];
	sha256_update(&s->uncompressed, length, slot->data);
	s->diff_size += length;
	lock(s);
	slot->length = length;
	s->given++;
	unlock(s);
}

/* Ends the uncompressed side, with an error or without. */
static void end_slots(struct stream *s, const struct error *err)
{
	lock(s);
	s->ended = true;
	if (err && !s->failed) {
		s->failed = true;
		s->error = *err;
	}
	unlock(s);
}

/* Decompresses one piece of input into slots. Returns 1 when the uncompressed side is over (nobody reads), -1: error. */
static int decode(struct stream *s, const uint8_t *in, size_t in_left, struct error *err)
{
	bool filled = false;
	while (in_left > 0 || filled) {
		if (!s->out && !claim_slot(s))
			return 1;
		if (decoder_step(&s->decoder, &in, &in_left, &s->out, &s->out_left, err) < 0)
			return -1;
		filled = s->out_left == 0;
		if (filled)
			publish_slot(s);
	}
	return 0;
}

static int take_input(struct stream *s, size_t length, struct error *err)
{
	s->size += length;
	sha256_update(&s->compressed, length, s->input);
	if (s->options.max_size > 0 && s->size > s->options.max_size)
		return error_set(err, "size-mismatch", "the blob is longer than the %llu bytes it should have",
				 (unsigned long long)s->options.max_size);
	if (s->options.copy_fd >= 0 && write_full(s->options.copy_fd, s->input, length) < 0)
		return fail_errno(err, "write the copy of the blob");
	return 0;
}

/* Waits for input or for stream_free. */
static bool may_read(const struct stream *s, int fd)
{
	struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = s->stop_fd, .events = POLLIN}};
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return fds[1].revents == 0;
}

/* At the end of what a growing file has so far. Returns whether there may be more. */
static bool wait_for_growth(struct stream *s)
{
	char bytes[256];
	if (s->options.follow_fd < 0 || s->grown || !may_read(s, s->options.follow_fd))
		return false;
	ssize_t n = read(s->options.follow_fd, bytes, sizeof bytes);
	/* Closed: what was written before that is still to be read. */
	s->grown = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
	return true;
}

/* Up to `length` bytes, fewer only at the end when `whole`. */
static ssize_t read_input(struct stream *s, size_t length, bool whole)
{
	const struct stream_options *o = &s->options;
	size_t done = 0;
	if (o->offset >= 0 && length > o->max_size - s->size)
		length = (size_t)(o->max_size - s->size);
	while (done < length && may_read(s, o->fd)) {
		ssize_t n = o->offset < 0 ? read(o->fd, s->input + done, length - done)
					  : pread(o->fd, s->input + done, length - done, o->offset + (off_t)(s->size + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		done += (size_t)n;
		if (n == 0 && wait_for_growth(s))
			continue;
		if (n == 0 || !whole)
			break;
	}
	return (ssize_t)done;
}

/* Everything up to the end of input. What cannot be decompressed is still read, for its digest tells more. */
static int produce(struct stream *s, struct error *err)
{
	bool decoding = true;
	ssize_t n = read_input(s, DECODER_MAGIC_SIZE, true);
	if (n >= 0 && decoder_init(&s->decoder, s->input, (size_t)n, err) < 0) {
		end_slots(s, err);
		decoding = false;
	}
	for (; n > 0; n = read_input(s, INPUT_SIZE, false)) {
		if (take_input(s, (size_t)n, err) < 0)
			return -1;
		int result = decoding ? decode(s, s->input, (size_t)n, err) : 0;
		if (result != 0) {
			end_slots(s, result < 0 ? err : NULL);
			decoding = false;
		}
	}
	if (n < 0)
		return fail_errno(err, "read the blob");
	if (!decoding)
		return 0;
	if (s->out)
		publish_slot(s);
	if (decoder_end(&s->decoder, err) < 0)
		return -1;
	end_slots(s, NULL);
	return 0;
}

static void *run(void *argument)
{
	struct stream *s = argument;
	struct error err;
	if (produce(s, &err) < 0)
		end_slots(s, &err);
	return NULL;
}

static int allocate(struct stream *s)
{
	s->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (s->stop_fd < 0)
		return -1;
	s->input = malloc(INPUT_SIZE);
	if (!s->input)
		return -1;
	for (int i = 0; i < SLOTS; i++) {
		s->slots[i].data = malloc(SLOT_SIZE);
		if (!s->slots[i].data)
			return -1;
	}
	return 0;
}

struct stream *stream_start(const struct stream_options *options, struct error *err)
{
	struct stream *s = calloc(1, sizeof *s);
	if (!s) {
		fail_errno(err, "start reading");
		return NULL;
	}
	s->options = *options;
	s->stop_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	sha256_init(&s->compressed);
	sha256_init(&s->uncompressed);
	int result = allocate(s);
	if (result == 0) {
		errno = result = pthread_create(&s->thread, NULL, run, s);
		s->running = result == 0;
	}
	if (result != 0) {
		fail_errno(err, "start reading");
		stream_free(s);
		return NULL;
	}
	return s;
}

int stream_next(void *stream, const uint8_t **data, size_t *length, struct error *err)
{
	struct stream *s = stream;
	lock(s);
	if (s->holding)
		s->taken++;
	s->holding = false;
	/* The thread waits for room only while the ring is full: wake it now, not after our own wait. */
	pthread_cond_signal(&s->changed);
	while (s->given == s->taken && !s->ended)
		pthread_cond_wait(&s->changed, &s->lock);
	int result = 0;
	*length = 0;
	*data = NULL;
	if (s->given != s->taken) {
		s->holding = true;
		*data = s->slots[s->taken % SLOTS].data;
		*length = s->slots[s->taken % SLOTS].length;
	} else if (s->failed) {
		*err = s->error;
		result = -1;
	}
	pthread_mutex_unlock(&s->lock);
	return result;
}

static void digest_text(struct sha256_ctx *context, char text[DIGEST_MAX])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	sha256_digest(context, sizeof digest, digest);
	int at = snprintf(text, DIGEST_MAX, "sha256:");
	for (size_t i = 0; i < sizeof digest; i++)
		at += snprintf(text + at, DIGEST_MAX - (size_t)at, "%02x", digest[i]);
}

int stream_finish(struct stream *s, struct stream_summary *summary, struct error *err)
{
	lock(s);
	s->discard = true;
	unlock(s);
	pthread_join(s->thread, NULL);
	s->running = false;
	*summary = (struct stream_summary){
		.size = s->size,
		.diff_size = s->diff_size,
		.compression = decoder_name(&s->decoder),
	};
	digest_text(&s->compressed, summary->digest);
	digest_text(&s->uncompressed, summary->diff_id);
	if (s->failed) {
		*err = s->error;
		return -1;
	}
	return 0;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	if (s->running) {
		lock(s);
		s->discard = true;
		unlock(s);
		eventfd_write(s->stop_fd, 1);
		pthread_join(s->thread, NULL);
	}
	if (s->stop_fd >= 0)
		close(s->stop_fd);
	for (int i = 0; i < SLOTS; i++)
		free(s->slots[i].data);
	free(s->input);
	decoder_free(&s->decoder);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
	free(s);
}

#pragma once

#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>

/*
 * Closes directories that have been removed. The file system frees one when it is closed for the last time, and may wait
 * for the disk then, ten times as long as for all the rest of its removal: of many, several are closed at once. Starts as {0}.
 */
#define CLOSER_THREADS 4
#define CLOSER_QUEUE 64

struct closer {
	unsigned closed; /* so far, by the caller itself: few aren't worth a thread */
	unsigned running;
	pthread_t threads[CLOSER_THREADS];
	/* Under the lock. Those in [taken, given) wait for a thread. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	DIR *queue[CLOSER_QUEUE];
	unsigned given, taken;
	bool ended;
};

void closer_take(struct closer *closer, DIR *directory);
/* Returns when all are closed. */
void closer_end(struct closer *closer);

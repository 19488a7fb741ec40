#include "closer.h"

#define FEW 256

static void *close_all(void *data)
{
	struct closer *closer = data;
	pthread_mutex_lock(&closer->lock);
	for (;;) {
		while (closer->given == closer->taken && !closer->ended)
			pthread_cond_wait(&closer->changed, &closer->lock);
		if (closer->given == closer->taken)
			break;
		DIR *directory = closer->queue[closer->taken++ % CLOSER_QUEUE];
		pthread_mutex_unlock(&closer->lock);
		closedir(directory);
		pthread_mutex_lock(&closer->lock);
	}
	pthread_mutex_unlock(&closer->lock);
	return NULL;
}

static void start(struct closer *closer)
{
	pthread_mutex_init(&closer->lock, NULL);
	pthread_cond_init(&closer->changed, NULL);
	while (closer->running < CLOSER_THREADS &&
	       pthread_create(&closer->threads[closer->running], NULL, close_all, closer) == 0)
		closer->running++;
}

void closer_take(struct closer *closer, DIR *directory)
{
	if (closer->running == 0) {
		closedir(directory);
		if (++closer->closed == FEW)
			start(closer);
		return;
	}
	pthread_mutex_lock(&closer->lock);
	bool full = closer->given - closer->taken == CLOSER_QUEUE;
	if (!full)
		closer->queue[closer->given++ % CLOSER_QUEUE] = directory;
	pthread_cond_signal(&closer->changed);
	pthread_mutex_unlock(&closer->lock);
	if (full)
		closedir(directory);
}

void closer_end(struct closer *closer)
{
	if (closer->running == 0)
		return;
	pthread_mutex_lock(&closer->lock);
	closer->ended = true;
	pthread_cond_broadcast(&closer->changed);
	pthread_mutex_unlock(&closer->lock);
	for (unsigned i = 0; i < closer->running; i++)
		pthread_join(closer->threads[i], NULL);
}

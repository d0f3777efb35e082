// SPDX-License-Identifier: MIT
/*
 * The C library of the showcase: see store.h.
 */
#include <pthread.h>
#include <time.h>

#include "store.h"

static struct {
	pthread_mutex_t lock;		/* the things */
	int things[64];
	int nr;

	pthread_mutex_t request_lock;	/* the rest */
	pthread_cond_t changed;
	int tidy_ms;
	int begun;
} store = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.request_lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static void store_sleep(int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

static void *store_thread(void *unused)
{
	int ms;

	(void)unused;
	for (;;) {
		pthread_mutex_lock(&store.request_lock);
		while (!store.tidy_ms)
			pthread_cond_wait(&store.changed, &store.request_lock);
		ms = store.tidy_ms;
		store.tidy_ms = 0;
		pthread_mutex_lock(&store.lock);
		store.begun = 1;
		pthread_cond_broadcast(&store.changed);
		pthread_mutex_unlock(&store.request_lock);

		store_sleep(ms);
		pthread_mutex_unlock(&store.lock);
	}
	return NULL;
}

int store_open(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, store_thread, NULL) ? -1 : 0;
}

void store_tidy_up(int ms)
{
	pthread_mutex_lock(&store.request_lock);
	store.tidy_ms = ms;
	store.begun = 0;
	pthread_cond_broadcast(&store.changed);
	while (!store.begun)
		pthread_cond_wait(&store.changed, &store.request_lock);
	pthread_mutex_unlock(&store.request_lock);
}

int store_put(int thing)
{
	int nr;

	pthread_mutex_lock(&store.lock);
	nr = ++store.nr;
	store.things[nr % 64] = thing;
	pthread_mutex_unlock(&store.lock);
	return nr;
}

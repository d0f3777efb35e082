// SPDX-License-Identifier: MIT
/*
 * Operations in flight, by descriptor: a hash table of lists.
 *
 * Closing.  An operation is cancelled by its address, so it must stay on the list, and
 * its goroutine in go_fdtab_end(), until the one who cancels has come back from the
 * kernel: that is what pinned is for.  An operation may be on the list before it is in
 * the kernel, where a cancel does not find it:
 *
 *   closer                                   goroutine
 *   closing = true                           op.ring = the ring; submit
 *   full barrier (A)                         full barrier (B), the system call
 *   look at op.ring; cancel there            look at closing; cancel it itself
 *
 * What comes between the cancelling and the close waits on the list, or it would be
 * neither cancelled nor refused.
 */
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "../sched/sched.h"
#include "fdtab.h"

#define GO_FDTAB_BUCKETS	1024

struct bucket {
	go_lock_t lock;
	unsigned int nr_queued, nr_closers;
	struct go_fdop *first, *last;
};

static struct bucket buckets[GO_FDTAB_BUCKETS];

static struct bucket *bucket_of(int fd)
{
	return &buckets[(unsigned int)fd % GO_FDTAB_BUCKETS];
}

void go_fdtab_reset(void)
{
	memset(buckets, 0, sizeof(buckets));
}

static void bucket_add(struct bucket *b, struct go_fdop *f)
{
	f->prev = b->last;
	f->next = NULL;
	*(f->prev ? &f->prev->next : &b->first) = f;
	b->last = f;
}

static void bucket_del(struct bucket *b, struct go_fdop *f)
{
	*(f->prev ? &f->prev->next : &b->first) = f->next;
	*(f->next ? &f->next->prev : &b->last) = f->prev;
}

static bool has_closer(const struct bucket *b, int fd)
{
	const struct go_fdop *f;

	for (f = b->nr_closers ? b->first : NULL; f; f = f->next) {
		if (f->fd == fd && f->closer)
			return true;
	}
	return false;
}

/* Another operation uses the file position of @fd. */
static bool position_in_use(const struct bucket *b, int fd)
{
	const struct go_fdop *f;

	for (f = b->first; f; f = f->next) {
		if (f->fd == fd && f->position)
			return true;
	}
	return false;
}

/* Pipes, sockets and the like have none. */
static bool has_position(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
}

/* Wait to be let on by unqueue().  Unlocks. */
static void queue(struct bucket *b, struct go_fdop *f)
{
	f->queued = true;
	b->nr_queued++;
	go_park(go_park_unlock, &b->lock, GO_WAIT_IO);
}

static void unqueue(struct bucket *b, struct go_fdop *f)
{
	f->queued = false;
	b->nr_queued--;
	go_ready(f->op.g, false);
}

bool go_fdtab_begin(struct go_fdop *f, int fd, bool position)
{
	struct bucket *b = bucket_of(fd);
	bool exclusive = false;

	*f = (struct go_fdop){ .op = { .g = go_self() }, .fd = fd, .position = position };
	go_lock(&b->lock);
	if (position && position_in_use(b, fd)) {
		go_unlock(&b->lock);
		exclusive = has_position(fd);
		go_lock(&b->lock);
		exclusive = exclusive && position_in_use(b, fd);
	}
	bucket_add(b, f);
	if (exclusive || has_closer(b, fd))
		queue(b, f);
	else
		go_unlock(&b->lock);
	return !atomic_load(&f->closing);
}

/* Let on who waits for @f: the next one for the position, or all for the close. */
static void let_on(struct bucket *b, const struct go_fdop *f)
{
	struct go_fdop *other;

	if (!b->nr_queued || has_closer(b, f->fd))
		return;
	for (other = b->first; other; other = other->next) {
		if (other->fd != f->fd || !other->queued)
			continue;
		unqueue(b, other);
		if (!f->closer)
			return;
	}
}

void go_fdtab_end(struct go_fdop *f)
{
	struct bucket *b = bucket_of(f->fd);

	go_lock(&b->lock);
	if (f->pinned) {
		f->leaving = true;
		go_park(go_park_unlock, &b->lock, GO_WAIT_IO);
		go_lock(&b->lock);
	}
	bucket_del(b, f);
	b->nr_closers -= f->closer;
	if (f->position || f->closer)
		let_on(b, f);
	go_unlock(&b->lock);
}

/* The oldest operation on @fd that has not been told yet, pinned; NULL for none. */
static struct go_fdop *pin_next(struct bucket *b, int fd)
{
	struct go_fdop *f;

	for (f = b->first; f; f = f->next) {
		if (f->fd != fd || f->closer || atomic_load(&f->closing))
			continue;
		atomic_store(&f->closing, true);
		if (!f->queued) {
			f->pinned = true;
			return f;
		}
		unqueue(b, f);
	}
	return NULL;
}

static void cancel_all(struct bucket *b, int fd)
{
	struct go_fdop *f;

	while ((f = pin_next(b, fd))) {
		go_unlock(&b->lock);
		/* (A): closing was stored, now the ring is looked at.  (B) is in io.c. */
		atomic_thread_fence(memory_order_seq_cst);
		go_ring_cancel(&f->op);
		go_lock(&b->lock);
		f->pinned = false;
		if (f->leaving)
			go_ready(f->op.g, false);
	}
}

void go_fdtab_begin_close(struct go_fdop *f, int fd)
{
	struct bucket *b = bucket_of(fd);

	*f = (struct go_fdop){ .op = { .g = go_self() }, .fd = fd };
	go_lock(&b->lock);
	/* Another one is faster: what is left to close is seen when it is through. */
	while (has_closer(b, fd)) {
		bucket_add(b, f);
		queue(b, f);
		go_lock(&b->lock);
		bucket_del(b, f);
		atomic_store(&f->closing, false);
	}
	f->closer = true;
	bucket_add(b, f);
	b->nr_closers++;
	cancel_all(b, fd);
	go_unlock(&b->lock);
}

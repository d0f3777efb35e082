// SPDX-License-Identifier: MIT
/*
 * Channels.
 *
 * One lock per channel.  Whenever it is free:
 *
 *  - At most one of the two queues is not empty.  (A select that both sends and
 *    receives on one channel will be the exception.)
 *  - Receivers wait only while the buffer is empty, senders only while it is full;
 *    with capacity 0 it is both.
 *  - Nobody waits on a closed channel.
 *
 * Hence a sender that finds a receiver hands its element over directly, from stack
 * to stack, and a receiver that finds a sender takes the oldest element of the
 * buffer and puts the sender's in its place, so that order is kept.  Either way
 * the partner's operation is complete before it is woken: it need not look again,
 * and its element and its waiter are not touched once it can run.
 *
 * Wake-ups happen after the unlock: go_ready() may ring an idle P, which is a system
 * call, and the woken goroutine's first step is often to take this lock.
 *
 * A waiter is one waiting *operation*, not one goroutine.  Its address goes with the
 * wake-up as the goroutine's parameter, so that one with several of them queued
 * can tell which was served.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <gosched.h>

#include "../sched/sched.h"
#include "waitq.h"

struct go_chan {
	go_lock_t lock;		/* guards all that follows but the first two */
	size_t elem_size;	/* never change */
	size_t cap;
	_Atomic size_t count;	/* elements in @buf; read without the lock by len */
	size_t head;		/* index in @buf of the oldest */
	bool closed;
	struct go_waitq receivers;
	struct go_waitq senders;
	_Alignas(max_align_t) unsigned char buf[];
};

go_chan *go_chan_make(size_t elem_size, size_t cap)
{
	size_t size;
	go_chan *ch;

	if (__builtin_mul_overflow(elem_size, cap, &size) ||
	    size > PTRDIFF_MAX - sizeof(*ch))
		go_panic("makechan: size out of range");
	ch = malloc(sizeof(*ch) + size);
	if (!ch)
		go_fatal("out of memory");
	memset(ch, 0, sizeof(*ch));
	ch->elem_size = elem_size;
	ch->cap = cap;
	return ch;
}

void go_chan_free(go_chan *ch)
{
	free(ch);
}

size_t go_chan_len(go_chan *ch)
{
	return ch ? atomic_load_explicit(&ch->count, memory_order_relaxed) : 0;
}

size_t go_chan_cap(go_chan *ch)
{
	return ch ? ch->cap : 0;
}

static size_t count_of(go_chan *ch)
{
	return atomic_load_explicit(&ch->count, memory_order_relaxed);
}

static void set_count(go_chan *ch, size_t count)
{
	atomic_store_explicit(&ch->count, count, memory_order_relaxed);
}

/*
 * The copy under the lock must not wait for a slow page fault (a mapped file, swap),
 * or the whole P would: let it happen before.
 */
static void touch(go_chan *ch, const void *v)
{
	const volatile unsigned char *p = v;
	size_t i;

	if (!v || !ch->elem_size)
		return;
	for (i = 0; i < ch->elem_size; i += 4096)
		(void)p[i];
	(void)p[ch->elem_size - 1];
}

static void copy(go_chan *ch, void *to, const void *from)
{
	if (to && ch->elem_size)
		memcpy(to, from, ch->elem_size);
}

static void buf_put(go_chan *ch, const void *v)
{
	size_t count = count_of(ch), tail = ch->head + count;

	if (tail >= ch->cap)
		tail -= ch->cap;
	copy(ch, ch->buf + tail * ch->elem_size, v);
	set_count(ch, count + 1);
}

static void buf_get(go_chan *ch, void *v)
{
	copy(ch, v, ch->buf + ch->head * ch->elem_size);
	if (++ch->head == ch->cap)
		ch->head = 0;
	set_count(ch, count_of(ch) - 1);
}

/* The operation of @w, off its queue, took place (@ok) or never will.  No lock held. */
static void finish(struct go_waiter *w, bool ok)
{
	w->ok = ok;
	go_g_set_param(w->g, w);
	go_ready(w->g, true);
}

/* Queue up and wait; releases the lock.  Whether the operation took place. */
static bool wait_in(go_chan *ch, struct go_waitq *q, void *elem, enum go_wait_reason why)
{
	struct go_waiter self = { .g = go_self(), .elem = elem };

	go_waitq_push(q, &self);
	go_park(go_park_unlock, &ch->lock, why);
	return self.ok;
}

_Noreturn static void wait_for_ever(enum go_wait_reason why)
{
	for (;;)
		go_park(NULL, NULL, why);
}

void go_chan_send(go_chan *ch, const void *v)
{
	struct go_waiter *w;

	if (!ch)
		wait_for_ever(GO_WAIT_CHAN_SEND_NIL);
	touch(ch, v);
	go_lock(&ch->lock);
	if (ch->closed) {
		go_unlock(&ch->lock);
		go_panic("send on closed channel");
	}
	w = go_waitq_pop(&ch->receivers);
	if (w) {
		copy(ch, w->elem, v);
		go_unlock(&ch->lock);
		finish(w, true);
	} else if (count_of(ch) < ch->cap) {
		buf_put(ch, v);
		go_unlock(&ch->lock);
	} else if (!wait_in(ch, &ch->senders, (void *)v, GO_WAIT_CHAN_SEND)) {
		go_panic("send on closed channel");
	}
}

/* As go_chan_recv(), but @v stays as it is when there is nothing to receive. */
static bool receive(go_chan *ch, void *v)
{
	struct go_waiter *w;

	if (!ch)
		wait_for_ever(GO_WAIT_CHAN_RECEIVE_NIL);
	touch(ch, v);
	go_lock(&ch->lock);
	w = go_waitq_pop(&ch->senders);
	if (w) {
		if (ch->cap) {
			buf_get(ch, v);
			buf_put(ch, w->elem);
		} else {
			copy(ch, v, w->elem);
		}
		go_unlock(&ch->lock);
		finish(w, true);
		return true;
	}
	if (count_of(ch)) {
		buf_get(ch, v);
		go_unlock(&ch->lock);
		return true;
	}
	if (ch->closed) {
		go_unlock(&ch->lock);
		return false;
	}
	return wait_in(ch, &ch->receivers, v, GO_WAIT_CHAN_RECEIVE);
}

bool go_chan_recv(go_chan *ch, void *v)
{
	bool ok = receive(ch, v);

	if (!ok && v)
		memset(v, 0, ch->elem_size);
	return ok;
}

void go_chan_close(go_chan *ch)
{
	struct go_waiter *w, *next, *senders;

	if (!ch)
		go_panic("close of nil channel");
	go_lock(&ch->lock);
	if (ch->closed) {
		go_unlock(&ch->lock);
		go_panic("close of closed channel");
	}
	ch->closed = true;
	w = go_waitq_take(&ch->receivers);
	senders = go_waitq_take(&ch->senders);
	go_unlock(&ch->lock);

	if (!w)
		w = senders;
	for (; w; w = next) {
		next = w->next;
		finish(w, false);
	}
}

/*
 * The size-checked forms behind go_send(), go_recv() and go_range().
 */

static void check_size(go_chan *ch, size_t size, const char *what)
{
	if (ch && size != ch->elem_size)
		go_panic("%s of %zu bytes on a channel of %zu-byte elements", what, size,
			 ch->elem_size);
}

static bool is_integer_size(size_t size)
{
	return size == 0 || size == 1 || size == 2 || size == 4 || size == 8 || size == 16;
}

void go_chan_send_value(go_chan *ch, const void *v, size_t size, enum go_value_kind kind)
{
	unsigned char wide[16];
	bool negative;

	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "low bytes come first");
	if (!ch || size == ch->elem_size || kind == GO_VALUE_OTHER ||
	    !is_integer_size(ch->elem_size)) {
		check_size(ch, size, "go_send: value");
		go_chan_send(ch, v);
		return;
	}
	negative = kind == GO_VALUE_SIGNED && (((const unsigned char *)v)[size - 1] & 0x80);
	memset(wide, negative ? 0xff : 0, sizeof(wide));
	memcpy(wide, v, size);
	go_chan_send(ch, wide);
}

bool go_chan_recv_value(go_chan *ch, void *v, size_t size)
{
	if (v && size != GO_SIZE_UNKNOWN)
		check_size(ch, size, "go_recv: variable");
	return go_chan_recv(ch, v);
}

bool go_chan_range(go_chan *ch, void *v, size_t size)
{
	check_size(ch, size, "go_range: variable");
	return receive(ch, v);
}

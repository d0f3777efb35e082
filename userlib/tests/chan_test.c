// SPDX-License-Identifier: MIT
/*
 * Channels: every rule by itself.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "ktap.h"

/* Long enough for whoever can run to come to where it blocks. */
static void let_others_run(void)
{
	int i;

	for (i = 0; i < 100; i++)
		go_yield();
	go_sleep(GO_MILLISECOND);
}

static void send_then_flag(go_chan *ch, int value, atomic_int *flag)
{
	go_send(ch, value);
	atomic_store(flag, 1);
}

/* A send on an unbuffered channel ends only when its value has been received. */
static void unbuffered_send_meets_receive(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 0);
	atomic_int sent = 0;
	int v = 0;

	go(send_then_flag, ch, 5, &sent);
	let_others_run();
	CHECK_EQ(atomic_load(&sent), 0);
	CHECK_EQ(go_chan_len(ch), 0);
	CHECK(go_recv(ch, &v));
	CHECK_EQ(v, 5);
	while (!atomic_load(&sent))
		go_yield();
}

static void recv_then_flag(go_chan *ch, int want, atomic_int *flag)
{
	int v;

	CHECK(go_recv(ch, &v));
	CHECK_EQ(v, want);
	atomic_store(flag, 1);
}

static void unbuffered_receive_meets_send(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 0);
	atomic_int received = 0;

	go(recv_then_flag, ch, 6, &received);
	let_others_run();
	CHECK_EQ(atomic_load(&received), 0);
	go_send(ch, 6);
	while (!atomic_load(&received))
		go_yield();
}

static void buffer_is_first_in_first_out(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 3);
	int round, i, v;

	CHECK_EQ(go_chan_cap(ch), 3);
	/* Five rounds of two: the ring wraps in all ways. */
	for (round = 0; round < 5; round++) {
		for (i = 0; i < 2; i++) {
			go_send(ch, round * 10 + i);
			CHECK_EQ(go_chan_len(ch), i + 1);
		}
		for (i = 0; i < 2; i++) {
			CHECK(go_recv(ch, &v));
			CHECK_EQ(v, round * 10 + i);
			CHECK_EQ(go_chan_len(ch), 1 - i);
		}
	}
	go_chan_free(ch);
}

static void send_from_to(go_chan *ch, int from, int to, atomic_int *done)
{
	int i;

	for (i = from; i <= to; i++)
		go_send(ch, i);
	atomic_fetch_add(done, 1);
}

/* What blocked senders hold comes after what is buffered. */
static void full_buffer_blocks_in_order(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 2);
	atomic_int done = 0;
	int i, v;

	go(send_from_to, ch, 1, 5, &done);
	while (go_chan_len(ch) < 2)
		go_yield();
	let_others_run();
	CHECK_EQ(atomic_load(&done), 0);
	for (i = 1; i <= 5; i++) {
		CHECK(go_recv(ch, &v));
		CHECK_EQ(v, i);
	}
	while (!atomic_load(&done))
		go_yield();
	CHECK_EQ(go_chan_len(ch), 0);
}

static void send_one(go_chan *ch, int v)
{
	go_send(ch, v);
}

/* Blocked senders are served in the order in which they came. */
static void blocked_senders_are_first_in_first_out(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 0);
	int i, v;

	go_maxprocs(1);
	for (i = 0; i < 10; i++) {
		go(send_one, ch, i);
		let_others_run();
	}
	for (i = 0; i < 10; i++) {
		CHECK(go_recv(ch, &v));
		CHECK_EQ(v, i);
	}
}

static void note_order(go_chan *ch, int me, go_chan *order)
{
	CHECK(go_recv(ch, NULL));
	go_send(order, me);
}

static void blocked_receivers_are_first_in_first_out(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 0);
	go_chan *order = go_chan_make(sizeof(int), 0);
	int i, v;

	go_maxprocs(1);
	for (i = 0; i < 10; i++) {
		go(note_order, ch, i, order);
		let_others_run();
	}
	for (i = 0; i < 10; i++) {
		go_send(ch, 0);
		CHECK(go_recv(order, &v));
		CHECK_EQ(v, i);
	}
}

static void closed_channel_gives_what_is_left(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 3);
	int v = 99;

	go_send(ch, 1);
	go_send(ch, 2);
	go_chan_close(ch);
	CHECK_EQ(go_chan_len(ch), 2);
	CHECK(go_recv(ch, &v));
	CHECK_EQ(v, 1);
	CHECK(go_recv(ch, &v));
	CHECK_EQ(v, 2);
	v = 99;
	CHECK(!go_recv(ch, &v));
	CHECK_EQ(v, 0);
	v = 99;
	CHECK(!go_chan_recv(ch, &v));
	CHECK_EQ(v, 0);
	CHECK(!go_recv(ch, NULL));
	CHECK_EQ(go_chan_len(ch), 0);
	CHECK_EQ(go_chan_cap(ch), 3);
	go_chan_free(ch);
}

static void expect_closed(go_chan *ch, go_waitgroup *wg)
{
	int v = 99;

	CHECK(!go_recv(ch, &v));
	CHECK_EQ(v, 0);
	go_waitgroup_done(wg);
}

static void close_wakes_all_receivers(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 0);
	go_waitgroup wg = {};
	int i;

	go_waitgroup_add(&wg, 100);
	for (i = 0; i < 100; i++)
		go(expect_closed, ch, &wg);
	let_others_run();
	go_chan_close(ch);
	go_waitgroup_wait(&wg);
	go_chan_free(ch);
}

static void receive_into_nothing(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 1);
	atomic_int sent = 0;

	go_send(ch, 1);
	CHECK(go_chan_recv(ch, NULL));
	CHECK_EQ(go_chan_len(ch), 0);
	go_send(ch, 1);
	go(send_then_flag, ch, 2, &sent);
	let_others_run();
	CHECK(go_recv(ch, NULL));
	CHECK(go_recv(ch, (void *)NULL));
	while (!atomic_load(&sent))
		go_yield();
}

static void send_nothing(go_chan *ch, int n)
{
	while (n--)
		go_chan_send(ch, NULL);
	go_chan_close(ch);
}

/* Elements of size 0 are counted like others. */
static void elements_without_size(void)
{
	struct { int before; struct {} empty; int after; } s = { 1, {}, 2 };
	size_t caps[] = { 0, 1, 3 };
	go_chan *ch;
	size_t i;
	int n;

	for (i = 0; i < 3; i++) {
		ch = go_chan_make(0, caps[i]);
		go(send_nothing, ch, 10);
		if (caps[i])
			while (go_chan_len(ch) < caps[i])
				go_yield();
		for (n = 0; go_recv(ch, &s.empty); n++)
			;
		CHECK_EQ(n, 10);
		CHECK(s.before == 1 && s.after == 2);
		go_chan_free(ch);
	}
}

struct large {
	unsigned char bytes[100000];
};

static void send_large(go_chan *ch, struct large *large)
{
	int i;

	for (i = 0; i < 10; i++) {
		memset(large, i + 1, sizeof(*large));
		go_chan_send(ch, large);
	}
}

static void large_elements(void)
{
	static struct large from, to;
	size_t cap, at;
	go_chan *ch;
	int i;

	for (cap = 0; cap < 3; cap++) {
		ch = go_chan_make(sizeof(struct large), cap);
		go(send_large, ch, &from);
		for (i = 0; i < 10; i++) {
			CHECK(go_recv(ch, &to));
			for (at = 0; at < sizeof(to); at++)
				CHECK_EQ(to.bytes[at], i + 1);
		}
		go_chan_free(ch);
	}
}

static void nil_has_no_length(void)
{
	CHECK_EQ(go_chan_len(NULL), 0);
	CHECK_EQ(go_chan_cap(NULL), 0);
	go_chan_free(NULL);
}

static atomic_int passed_nil;

static void send_nil(void)
{
	int v = 1;

	go_chan_send(NULL, &v);
	atomic_store(&passed_nil, 1);
}

static void send_nil_by_macro(void)
{
	go_send((go_chan *)NULL, 1);
	atomic_store(&passed_nil, 1);
}

static void receive_nil(void)
{
	int v;

	go_recv((go_chan *)NULL, &v);
	atomic_store(&passed_nil, 1);
}

static void range_nil(void)
{
	int v;

	go_range(v, NULL)
		;
	atomic_store(&passed_nil, 1);
}

static void nil_blocks_for_ever(void)
{
	go(send_nil);
	go(send_nil_by_macro);
	go(receive_nil);
	go(range_nil);
	let_others_run();
	CHECK_EQ(atomic_load(&passed_nil), 0);
	CHECK_EQ(go_numgoroutine(), 5);
}

static int published;

static void publish(go_chan *ch)
{
	published = 42;
	go_send(ch, 1);
}

static void see_published(go_chan *ch, go_chan *done)
{
	CHECK(go_recv(ch, NULL));
	CHECK_EQ(published, 42);
	go_send(done, 1);
}

/* What was written before a send is seen after its receive. */
static void send_happens_before_receive(void)
{
	go_chan *done = go_chan_make(1, 0);
	go_chan *ch;
	int i;

	for (i = 0; i < 1000; i++) {
		ch = go_chan_make(1, i % 2);
		published = 0;
		go(see_published, ch, done);
		go(publish, ch);
		CHECK(go_recv(done, NULL));
		go_chan_free(ch);
	}
}

static void send_on_closed(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 1);

	go_chan_close(ch);
	go_send(ch, 1);
}

static void close_nil(void)
{
	go_chan_close(NULL);
}

static void close_closed(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 1);

	go_chan_close(ch);
	go_chan_close(ch);
}

static void close_under_sender(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 0);

	go(send_one, ch, 1);
	let_others_run();
	go_chan_close(ch);
	for (;;)
		go_yield();
}

static void make_too_large(void)
{
	go_chan_make(SIZE_MAX / 2, 3);
}

static void make_negative(void)
{
	go_chan_make(1, (size_t)-1);
}

static void misuse_panics(void)
{
	ktap_expect_death(send_on_closed, "panic: send on closed channel");
	ktap_expect_death(close_nil, "panic: close of nil channel");
	ktap_expect_death(close_closed, "panic: close of closed channel");
	ktap_expect_death(close_under_sender, "panic: send on closed channel");
	ktap_expect_death(make_too_large, "panic: makechan: size out of range");
	ktap_expect_death(make_negative, "panic: makechan: size out of range");
}

static const struct ktap_case cases[] = {
	KTAP_GO(unbuffered_send_meets_receive),
	KTAP_GO(unbuffered_receive_meets_send),
	KTAP_GO(buffer_is_first_in_first_out),
	KTAP_GO(full_buffer_blocks_in_order),
	KTAP_GO(blocked_senders_are_first_in_first_out),
	KTAP_GO(blocked_receivers_are_first_in_first_out),
	KTAP_GO(closed_channel_gives_what_is_left),
	KTAP_GO(close_wakes_all_receivers),
	KTAP_GO(receive_into_nothing),
	KTAP_GO(elements_without_size),
	KTAP_GO(large_elements),
	KTAP_GO(nil_has_no_length),
	KTAP_GO(nil_blocks_for_ever),
	KTAP_GO(send_happens_before_receive),
	KTAP_PLAIN(misuse_panics),
};

KTAP_MAIN(cases)

// SPDX-License-Identifier: MIT
/*
 * Channels with many goroutines at once: nothing is lost, nothing comes twice, what one
 * sender sends arrives in its order.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "ktap.h"

enum { SENDERS = 100, RECEIVERS = 100, EACH = 200 };

struct item {
	int sender;
	int n;
};

struct crowd {
	go_chan *ch;
	go_waitgroup senders, receivers;
	atomic_int times[SENDERS][EACH];	/* how often each item came */
};

static struct crowd crowd;

static void send_items(int sender)
{
	int i;

	for (i = 0; i < EACH; i++)
		go_send(crowd.ch, (struct item){ sender, i });
	go_waitgroup_done(&crowd.senders);
}

/* What one receiver gets of one sender must come in that sender's order. */
static void receive_items(void)
{
	int last[SENDERS], i;
	struct item item;

	for (i = 0; i < SENDERS; i++)
		last[i] = -1;
	go_range(item, crowd.ch) {
		CHECK(item.sender >= 0 && item.sender < SENDERS);
		CHECK(item.n > last[item.sender] && item.n < EACH);
		last[item.sender] = item.n;
		atomic_fetch_add(&crowd.times[item.sender][item.n], 1);
	}
	go_waitgroup_done(&crowd.receivers);
}

static void run_crowd(size_t cap, int receivers)
{
	int i, n;

	memset(&crowd, 0, sizeof(crowd));
	crowd.ch = go_chan_make(sizeof(struct item), cap);
	go_waitgroup_add(&crowd.senders, SENDERS);
	go_waitgroup_add(&crowd.receivers, receivers);
	for (i = 0; i < SENDERS || i < receivers; i++) {
		if (i < receivers)
			go(receive_items);
		if (i < SENDERS)
			go(send_items, i);
	}
	go_waitgroup_wait(&crowd.senders);
	go_chan_close(crowd.ch);
	go_waitgroup_wait(&crowd.receivers);
	for (i = 0; i < SENDERS; i++)
		for (n = 0; n < EACH; n++)
			CHECK_EQ(atomic_load(&crowd.times[i][n]), 1);
	CHECK_EQ(go_chan_len(crowd.ch), 0);
	go_chan_free(crowd.ch);
}

static void crowd_unbuffered(void)
{
	run_crowd(0, RECEIVERS);
}

static void crowd_one(void)
{
	run_crowd(1, RECEIVERS);
}

static void crowd_buffered(void)
{
	run_crowd(64, RECEIVERS);
}

/* One receiver sees each sender's items without a gap. */
static void crowd_one_receiver(void)
{
	run_crowd(16, 1);
}

static void crowd_four_procs(void)
{
	go_maxprocs(4);
	run_crowd(0, RECEIVERS);
	run_crowd(7, RECEIVERS);
}

static void pong(go_chan *in, go_chan *out)
{
	int v;

	go_range(v, in)
		go_send(out, v + 1);
	go_chan_close(out);
}

static void ping_pong(void)
{
	go_chan *there = go_chan_make(sizeof(int), 0), *back = go_chan_make(sizeof(int), 0);
	int i, v = 0;

	go(pong, there, back);
	for (i = 0; i < 10000; i++) {
		go_send(there, v);
		CHECK(go_recv(back, &v));
	}
	CHECK_EQ(v, 10000);
	go_chan_close(there);
	CHECK(!go_recv(back, NULL));
}

static void relay(go_chan *left, go_chan *right)
{
	int v;

	CHECK(go_recv(right, &v));
	go_send(left, v + 1);
}

/* A chain of 10,000 goroutines, each adding one to what comes from the right. */
static void daisy_chain(void)
{
	go_chan *leftmost = go_chan_make(sizeof(int), 0), *left = leftmost, *right = leftmost;
	int i, v;

	for (i = 0; i < 10000; i++) {
		right = go_chan_make(sizeof(int), 0);
		go(relay, left, right);
		left = right;
	}
	go_send(right, 1);
	CHECK(go_recv(leftmost, &v));
	CHECK_EQ(v, 10001);
}

static void generate(go_chan *ch)
{
	int i;

	for (i = 2; ; i++)
		go_send(ch, i);
}

static void filter(go_chan *in, go_chan *out, int prime)
{
	int v;

	go_range(v, in)
		if (v % prime)
			go_send(out, v);
}

static void prime_sieve(void)
{
	static const int primes[] = { 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47 };
	go_chan *ch = go_chan_make(sizeof(int), 0), *next;
	size_t i;
	int v;

	go(generate, ch);
	for (i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
		CHECK(go_recv(ch, &v));
		CHECK_EQ(v, primes[i]);
		next = go_chan_make(sizeof(int), 0);
		go(filter, ch, next, v);
		ch = next;
	}
}

static void send_once(go_chan *ch)
{
	go_send(ch, 1);
}

/* The memory may go as soon as the last operation has returned on the other side. */
static void free_after_last_receive(void)
{
	go_chan *ch;
	size_t i;

	for (i = 0; i < 5000; i++) {
		ch = go_chan_make(sizeof(int), i % 2);
		go(send_once, ch);
		CHECK(go_recv(ch, NULL));
		go_chan_free(ch);
	}
}

static void close_once(go_chan *ch)
{
	go_chan_close(ch);
}

static void free_after_close(void)
{
	go_chan *ch;
	int i;

	for (i = 0; i < 5000; i++) {
		ch = go_chan_make(sizeof(int), 0);
		go(close_once, ch);
		CHECK(!go_recv(ch, NULL));
		go_chan_free(ch);
	}
}

static const struct ktap_case cases[] = {
	KTAP_GO(crowd_unbuffered),
	KTAP_GO(crowd_one),
	KTAP_GO(crowd_buffered),
	KTAP_GO(crowd_one_receiver),
	KTAP_GO(crowd_four_procs),
	KTAP_GO(ping_pong),
	KTAP_GO(daisy_chain),
	KTAP_GO(prime_sieve),
	KTAP_GO(free_after_last_receive),
	KTAP_GO(free_after_close),
};

KTAP_MAIN(cases)

// SPDX-License-Identifier: GPL-2.0
/*
 * How long it takes from "an M blocks in read() on a pipe" to "another M runs user
 * code", under scripts/vm --icount, where a nanosecond is an instruction.
 *
 * The blocker reads the clock right before its read(), the spare right after its
 * wait; what a reading of the clock costs is measured and taken off.  One P, one
 * processor, no library.  For reference: a wake-up between two threads by a pipe,
 * from write() to the return of read().
 */
#include <linux/io_uring.h>
#include <sched.h>

#include "harness.h"

#define ROUNDS 501
#define WARM_UP 50

/* Longer than what the module calls a short block: those it does not hand on at once. */
#define WORK_NS 100000

#define LIMIT_URING 9000
#define LIMIT_IOCTL 8000

struct bench {
	struct domain d;
	int pipes[2];
	bool by_ring;
	struct ring ring;
	int64_t blocked_at, clock_cost;
	int64_t sample[ROUNDS];
	int round, stop;
};

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t median(int64_t *sample)
{
	qsort(sample + WARM_UP, ROUNDS - WARM_UP, sizeof(*sample), compare);
	return sample[WARM_UP + (ROUNDS - WARM_UP) / 2];
}

static int64_t clock_cost(void)
{
	int64_t sample[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		int64_t begin = clock_ns();

		sample[i] = clock_ns() - begin;
	}
	return median(sample);
}

static void wait_for_p(struct machine *m)
{
	struct bench *b = m->arg;
	struct gosched_plain arg = { .size = sizeof(arg) };
	uint64_t user_data;
	int res;

	if (!b->by_ring) {
		CHECK_EQ(machine_wait(m), 0);
		return;
	}
	ring_prep_command(&b->ring, m->d->fd, GOSCHED_IOC_WAIT, arg, 1);
	CHECK_EQ(ring_enter(&b->ring, 1), 1);
	CHECK(ring_reap(&b->ring, &user_data, &res));
	CHECK_EQ(res, 0);
}

/* Runs whenever the blocker has blocked, notes the time, and ends the block. */
static void spare(struct machine *m)
{
	struct bench *b = m->arg;
	unsigned int flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;

	if (b->by_ring)
		CHECK_EQ(ring_open(&b->ring, flags, false), 0);
	for (;;) {
		wait_for_p(m);
		b->sample[b->round] = clock_ns() - b->blocked_at - b->clock_cost;
		while (clock_ns() - b->blocked_at < WORK_NS)
			;
		/* No work: the P is for the blocker, who is not there to wait for it yet. */
		store(&m->d->header->runnable, 0);
		CHECK_EQ(write(b->pipes[1], "x", 1), 1);
		if (++b->round == ROUNDS)
			break;
	}
	store(&b->stop, 1);
}

static void blocker(struct machine *m)
{
	struct bench *b = m->arg;
	char byte;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	while (!load(&b->stop)) {
		/* The spare has to be one again before it can be given the P. */
		while (!load(&m->d->header->spares) && !load(&b->stop))
			sched_yield();
		if (load(&b->stop))
			break;
		store(&m->d->header->runnable, 1);
		b->blocked_at = clock_ns();
		CHECK_EQ(read(b->pipes[0], &byte, 1), 1);
	}
}

static int64_t hand_off(bool by_ring)
{
	struct bench b = { .by_ring = by_ring, .clock_cost = clock_cost() };
	struct machine first, second;

	CHECK_SYS(pipe(b.pipes));
	domain_open(&b.d, 1, 1, NO_SLICE);
	machine_start_holding(&first, &b.d, blocker, &b);
	machine_start(&second, &b.d, spare, &b);
	machine_join(&first);
	machine_join(&second);
	domain_close(&b.d);
	return median(b.sample);
}

struct wakeup {
	int there[2], back[2];
	int64_t written_at, clock_cost;
	int64_t sample[ROUNDS];
};

static void *reader(void *arg)
{
	struct wakeup *w = arg;
	char byte;

	for (int i = 0; i < ROUNDS; i++) {
		CHECK_EQ(read(w->there[0], &byte, 1), 1);
		w->sample[i] = clock_ns() - w->written_at - w->clock_cost;
		CHECK_EQ(write(w->back[1], "x", 1), 1);
	}
	return NULL;
}

static int64_t pipe_wake_up(void)
{
	struct wakeup w = { .clock_cost = clock_cost() };
	pthread_t thread;
	char byte;

	CHECK_SYS(pipe(w.there));
	CHECK_SYS(pipe(w.back));
	CHECK_EQ(pthread_create(&thread, NULL, reader, &w), 0);
	for (int i = 0; i < ROUNDS; i++) {
		w.written_at = clock_ns();
		CHECK_EQ(write(w.there[1], "x", 1), 1);
		CHECK_EQ(read(w.back[0], &byte, 1), 1);
	}
	CHECK_EQ(pthread_join(thread, NULL), 0);
	return median(w.sample);
}

static bool report(const char *what, int64_t instructions, int64_t limit)
{
	bool held = !limit || instructions <= limit;
	char text[24] = "-";

	if (limit)
		snprintf(text, sizeof(text), "%lld", (long long)limit);
	printf("%-44s %10lld %8s  %s\n", what, (long long)instructions, text,
	       limit ? (held ? "ok" : "TOO SLOW") : "");
	return held;
}

/*
 * Each level of task groups adds about 900 instructions to a wake-up and as much to a
 * switch, whoever wakes, and a session is such a level where autogroups are on.  What
 * is measured here is not that.
 */
static void leave_autogroup(void)
{
	FILE *f = fopen("/proc/sys/kernel/sched_autogroup_enabled", "w");

	if (!f)
		return;
	fputs("0", f);
	fclose(f);
}

int main(void)
{
	bool held;

	leave_autogroup();

	printf("%-44s %10s %8s\n", "median of many, 1 processor, 1 P", "ns", "limit");
	report("pipe wake-up between two threads", pipe_wake_up(), 0);
	held = report("block in read to user code, spare by ioctl", hand_off(false), LIMIT_IOCTL);
	held &= report("block in read to user code, spare by io_uring", hand_off(true),
		       LIMIT_URING);
	return held ? 0 : 1;
}

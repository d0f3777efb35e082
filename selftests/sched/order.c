// SPDX-License-Identifier: GPL-2.0
/*
 * Who gets a P: M's that wait come first and in order; spares only when the
 * shared slots say that there is work.
 */
#include "harness.h"
#include "kselftest_harness.h"

#define NR 4

struct queue {
	struct domain d;
	struct machine m[NR];
	int pipes[NR][2];
	int go[NR];
	int order[2 * NR], nr;		/* who ran, written by whoever has the P */
};

static void note(struct queue *q, struct machine *m)
{
	q->order[load(&q->nr)] = m - q->m;
	add(&q->nr, 1);
}

/* Step 1: has a P.  2: is back from its block. */
static void block_and_note(struct machine *m)
{
	struct queue *q = m->arg;
	int me = m - q->m;
	char byte;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(&q->go[me]);
	CHECK_EQ(read(q->pipes[me][0], &byte, 1), 1);
	note(q, m);
	CHECK_EQ(machine_yield(m), 0);
	note(q, m);
	machine_step(m, 2);
}

static void hold_and_yield(struct machine *m)
{
	struct queue *q = m->arg;
	int me = m - q->m;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(&q->go[me]);
	CHECK_EQ(machine_yield(m), 0);
	note(q, m);
	CHECK_EQ(machine_yield(m), 0);
	note(q, m);
	machine_step(m, 2);
}

/* One P; M 0 has it, and 3, 1, 2 are back from their blocks in this order. */
TEST(first_come_first_served)
{
	static const int back[] = { 3, 1, 2 }, expected[] = { 3, 1, 2, 0, 3, 1, 2, 0 };
	struct queue q = { 0 };

	domain_open(&q.d, 1, 1, NO_SLICE);
	for (int i = 1; i < NR; i++) {
		ASSERT_EQ(0, pipe(q.pipes[i]));
		machine_start_holding(&q.m[i], &q.d, block_and_note, &q);
		store(&q.go[i], 1);
		until(load(&q.d.header->idle) == 1);
	}
	machine_start_holding(&q.m[0], &q.d, hold_and_yield, &q);
	for (int i = 0; i < NR - 1; i++) {
		ASSERT_EQ(1, write(q.pipes[back[i]][1], "x", 1));
		until(load(&q.d.header->waiting) == (uint32_t)i + 1);
	}
	EXPECT_EQ(0, load(&q.nr));
	store(&q.go[0], 1);
	until(load(&q.nr) == 2 * NR);
	for (int i = 0; i < 2 * NR; i++)
		EXPECT_EQ(expected[i], q.order[i]);
}

FIXTURE(hint)
{
	struct queue q;
};

FIXTURE_VARIANT(hint)
{
	uint32_t global, own, of_another, attention;
	uint64_t deadline, deadline_of_another;
	bool work;
};

FIXTURE_VARIANT_ADD(hint, none) { .work = false };
FIXTURE_VARIANT_ADD(hint, global_queue) { .global = 1, .work = true };
FIXTURE_VARIANT_ADD(hint, own_queue) { .own = 1, .work = true };
FIXTURE_VARIANT_ADD(hint, queue_of_another) { .of_another = 1, .work = true };
FIXTURE_VARIANT_ADD(hint, attention) { .attention = 1, .work = true };
FIXTURE_VARIANT_ADD(hint, deadline_passed) { .deadline = 1, .work = true };
FIXTURE_VARIANT_ADD(hint, deadline_of_another_passed)
	{ .deadline_of_another = 1, .work = true };
FIXTURE_VARIANT_ADD(hint, deadline_far) { .deadline = 1ULL << 62, .work = false };

FIXTURE_SETUP(hint)
{
}

FIXTURE_TEARDOWN(hint)
{
}

static void spare(struct machine *m)
{
	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
}

/* The M that has the only P blocks: does the spare run? */
TEST_F(hint, decides_at_a_block)
{
	struct queue *q = &self->q;

	ASSERT_EQ(0, pipe(q->pipes[0]));
	domain_open(&q->d, 1, 2, NO_SLICE);
	machine_start_holding(&q->m[0], &q->d, block_and_note, q);
	machine_start_spare(&q->m[1], &q->d, spare, q);
	domain_pslot(&q->d, 0)->runnable = variant->own;
	domain_pslot(&q->d, 0)->deadline = variant->deadline;
	domain_pslot(&q->d, 1)->runnable = variant->of_another;
	domain_pslot(&q->d, 1)->deadline = variant->deadline_of_another;
	q->d.header->runnable = variant->global;
	q->d.header->attention = variant->attention;
	store(&q->go[0], 1);
	if (variant->work) {
		until(machine_at(&q->m[1]) == 1);
	} else {
		until(load(&q->d.header->idle) == 1);
		EXPECT_EQ(1, load(&q->d.header->spares));
		EXPECT_EQ(0, machine_at(&q->m[1]));
		EXPECT_EQ(0, domain_ring(&q->d));
		until(machine_at(&q->m[1]) == 1);
	}
}

/* With no block at all: an M that begins to wait finds the idle P. */
TEST_F(hint, decides_at_a_wait)
{
	struct queue *q = &self->q;

	domain_open(&q->d, 1, 2, NO_SLICE);
	domain_pslot(&q->d, 0)->runnable = variant->own;
	domain_pslot(&q->d, 0)->deadline = variant->deadline;
	domain_pslot(&q->d, 1)->runnable = variant->of_another;
	domain_pslot(&q->d, 1)->deadline = variant->deadline_of_another;
	q->d.header->runnable = variant->global;
	q->d.header->attention = variant->attention;
	if (variant->work) {
		machine_start(&q->m[1], &q->d, spare, q);
		until(machine_at(&q->m[1]) == 1);
	} else {
		machine_start_spare(&q->m[1], &q->d, spare, q);
		EXPECT_EQ(1, load(&q->d.header->idle));
		EXPECT_EQ(0, machine_at(&q->m[1]));
	}
}

GOSCHED_TEST_MAIN

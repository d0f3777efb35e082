// SPDX-License-Identifier: GPL-2.0
/*
 * The number of P's grows and shrinks under M's that run.
 */
#include "harness.h"
#include "kselftest_harness.h"

#define SLICE_NS 1000000ULL

struct crowd {
	struct domain d;
	struct machine m[2];
	unsigned int seen[2];	/* P's, as bits, since the last look */
	unsigned int loops[2];
	int stop;
};

static void run(struct machine *m)
{
	struct crowd *c = m->arg;
	int me = m - c->m;
	unsigned int proc;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	while (!load(&c->stop)) {
		machine_crit_enter(m);
		proc = load(&m->slot->proc);
		CHECK(proc < 2);
		__atomic_or_fetch(&c->seen[me], 1U << proc, __ATOMIC_SEQ_CST);
		add(&c->loops[me], 1);
		machine_crit_exit(m);
		if (load(&m->slot->flags)) {
			store(&m->slot->flags, 0);
			machine_yield(m);
		}
	}
	machine_step(m, 2);
}

static void finish(struct crowd *c)
{
	store(&c->stop, 1);
	machine_join(&c->m[0]);
	machine_join(&c->m[1]);
}

static bool both_go_on(struct crowd *c)
{
	unsigned int before[2] = { load(&c->loops[0]), load(&c->loops[1]) };

	until(load(&c->loops[0]) != before[0] && load(&c->loops[1]) != before[1]);
	return true;
}

TEST(a_new_p_goes_to_a_spare)
{
	struct crowd c = { 0 };

	domain_open(&c.d, 1, 2, NO_SLICE);
	machine_start_holding(&c.m[0], &c.d, run, &c);
	machine_start_spare(&c.m[1], &c.d, run, &c);
	store(&c.d.header->runnable, 1);
	EXPECT_EQ(-EAGAIN, domain_ring(&c.d));
	EXPECT_EQ(1, domain_procs(&c.d, 2));
	until(machine_at(&c.m[1]) == 1);
	both_go_on(&c);
	EXPECT_EQ(1, load(&c.seen[0]));
	EXPECT_EQ(2, load(&c.seen[1]));
	finish(&c);
}

TEST(a_new_p_without_work_is_idle)
{
	struct crowd c = { 0 };

	domain_open(&c.d, 1, 2, NO_SLICE);
	machine_start_holding(&c.m[0], &c.d, run, &c);
	machine_start_spare(&c.m[1], &c.d, run, &c);
	EXPECT_EQ(1, domain_procs(&c.d, 2));
	EXPECT_EQ(1, load(&c.d.header->idle));
	EXPECT_EQ(0, machine_at(&c.m[1]));
	EXPECT_EQ(0, domain_ring(&c.d));
	until(machine_at(&c.m[1]) == 1);
	finish(&c);
}

TEST(an_idle_p_goes_at_once)
{
	struct crowd c = { 0 };

	domain_open(&c.d, 2, 2, NO_SLICE);
	machine_start_holding(&c.m[0], &c.d, run, &c);
	EXPECT_EQ(1, load(&c.d.header->idle));
	EXPECT_EQ(2, domain_procs(&c.d, 1));
	EXPECT_EQ(0, load(&c.d.header->idle));
	machine_start_spare(&c.m[1], &c.d, run, &c);
	EXPECT_EQ(-EAGAIN, domain_ring(&c.d));
	store(&c.stop, 1);
	until(load(&c.d.header->idle) == 1);
	ASSERT_EQ(0, domain_ring(&c.d));
	finish(&c);
}

/* Two loops on two P's; then on one, in turns; then on two again. */
TEST(a_p_in_use_goes_at_the_end_of_its_slice)
{
	struct crowd c = { 0 };

	domain_open(&c.d, 2, 2, SLICE_NS);
	machine_start_holding(&c.m[0], &c.d, run, &c);
	machine_start_holding(&c.m[1], &c.d, run, &c);
	EXPECT_EQ(2, domain_procs(&c.d, 1));
	EXPECT_EQ(1, load(&c.d.header->nr_procs));
	until(load(&c.d.header->waiting) == 1);
	store(&c.seen[0], 0);
	store(&c.seen[1], 0);
	both_go_on(&c);
	both_go_on(&c);
	EXPECT_EQ(1, load(&c.seen[0]) | load(&c.seen[1]));
	EXPECT_EQ(0, load(&c.d.header->idle));

	EXPECT_EQ(1, domain_procs(&c.d, 2));
	until(load(&c.d.header->waiting) == 0);
	store(&c.seen[0], 0);
	store(&c.seen[1], 0);
	both_go_on(&c);
	EXPECT_EQ(3, load(&c.seen[0]) | load(&c.seen[1]));
	finish(&c);
	until(load(&c.d.header->idle) == 2);
}

GOSCHED_TEST_MAIN

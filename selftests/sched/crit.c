// SPDX-License-Identifier: GPL-2.0
/*
 * Critical sections: the P stays, whatever happens; the end of a slice sets a
 * flag instead.
 */
#include "harness.h"
#include "kselftest_harness.h"

#define SLICE_NS 10000000ULL

struct section {
	struct domain d;
	struct machine inside, other;
	int pipes[2];
	int leave;
	bool ignore;		/* leaves the section without a yield */
	int first;		/* the other one ran before the yield was over */
};

static void run_once(struct machine *m)
{
	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
}

/* Step 1: has a P.  2: has seen the flag.  3: has left the section. */
static void stay_inside(struct machine *m)
{
	struct section *s = m->arg;

	CHECK_EQ(machine_wait(m), 0);
	machine_crit_enter(m);
	machine_crit_enter(m);
	machine_step(m, 1);
	while (!(load(&m->slot->flags) & GOSCHED_M_NEED_RESCHED))
		CHECK_EQ(load(&m->slot->proc), 0);
	machine_step(m, 2);
	while (!load(&s->leave))
		CHECK_EQ(load(&m->slot->proc), 0);
	machine_crit_exit(m);
	CHECK_EQ(load(&m->slot->proc), 0);
	CHECK_EQ(load(&s->other.step), 0);
	store(&m->slot->flags, 0);
	machine_crit_exit(m);
	if (s->ignore)
		machine_until(&s->other.step);
	else
		CHECK_EQ(machine_yield(m), 0);
	s->first = load(&s->other.step);
	machine_step(m, 3);
}

static void run_section(bool ignore)
{
	struct section s = { .ignore = ignore };

	domain_open(&s.d, 1, 1, SLICE_NS);
	machine_start_holding(&s.inside, &s.d, stay_inside, &s);
	machine_start_spare(&s.other, &s.d, run_once, &s);
	store(&s.d.header->runnable, 1);
	until(machine_at(&s.inside) == 2);
	CHECK_EQ(machine_at(&s.other), 0);
	CHECK_EQ(load(&s.d.header->spares), 1);
	CHECK_EQ(domain_counter(getpid(), "preemptions"), 0);
	store(&s.leave, 1);
	until(machine_at(&s.inside) == 3);
	/* On a very slow machine its slice ended before its first instruction. */
	if (!s.first)
		CHECK(domain_counter(getpid(), "preemptions") > 0);
	until(machine_at(&s.other) == 1);
	machine_join(&s.inside);
	machine_join(&s.other);
}

TEST(end_of_slice_sets_a_flag)
{
	run_section(false);
}

TEST(a_flag_ignored_is_no_way_out)
{
	run_section(true);
}

static void block_inside(struct machine *m)
{
	struct section *s = m->arg;
	char byte;

	CHECK_EQ(machine_wait(m), 0);
	machine_crit_enter(m);
	machine_step(m, 1);
	CHECK_EQ(read(s->pipes[0], &byte, 1), 1);
	CHECK_EQ(load(&m->slot->proc), 0);
	CHECK_EQ(load(&s->other.step), 0);
	machine_step(m, 2);
	machine_crit_exit(m);
	machine_until(&s->leave);
}

/*
 * The P could go at any time while the M sleeps, over many slices; the pauses of
 * until_again() only give a wrong kernel time to show itself.
 */
TEST(a_block_inside_keeps_the_p)
{
	struct section s = { 0 };
	struct until u = until_begin();

	ASSERT_EQ(0, pipe(s.pipes));
	domain_open(&s.d, 1, 1, SLICE_NS);
	machine_start_holding(&s.inside, &s.d, block_inside, &s);
	machine_start_spare(&s.other, &s.d, run_once, &s);
	store(&s.d.header->runnable, 1);
	until(machine_sleeps(&s.inside));
	for (int i = 0; i < 50; i++) {
		until_again(&u);
		ASSERT_EQ(0, load(&s.d.header->idle));
		ASSERT_EQ(1, load(&s.d.header->spares));
		ASSERT_EQ(0, load(&s.inside.slot->proc));
	}
	EXPECT_EQ(-EAGAIN, domain_ring(&s.d));
	ASSERT_EQ(1, write(s.pipes[1], "x", 1));
	until(machine_at(&s.inside) == 2);
	store(&s.leave, 1);
	until(machine_at(&s.other) == 1);
	machine_join(&s.inside);
	machine_join(&s.other);
}

/* A block that began inside and goes on outside of it: the next block counts. */
static void block_after(struct machine *m)
{
	struct section *s = m->arg;
	char byte;

	CHECK_EQ(machine_wait(m), 0);
	machine_crit_enter(m);
	machine_step(m, 1);
	machine_until(&s->leave);
	machine_crit_exit(m);
	CHECK_EQ(read(s->pipes[0], &byte, 1), 1);
	machine_step(m, 2);
}

TEST(a_block_after_it_gives_the_p_away)
{
	struct section s = { 0 };

	ASSERT_EQ(0, pipe(s.pipes));
	domain_open(&s.d, 1, 1, NO_SLICE);
	machine_start_holding(&s.inside, &s.d, block_after, &s);
	machine_start_spare(&s.other, &s.d, run_once, &s);
	store(&s.d.header->runnable, 1);
	store(&s.leave, 1);
	until(machine_at(&s.other) == 1);
	EXPECT_EQ(1, machine_at(&s.inside));
	ASSERT_EQ(1, write(s.pipes[1], "x", 1));
	until(machine_at(&s.inside) == 2);
}

GOSCHED_TEST_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * An M blocks: its P goes on, and when the block has ended the M runs nothing
 * until it has a P again.  With one P, for every way to block.
 */
#include "block.h"
#include "kselftest_harness.h"

FIXTURE(handoff)
{
	const struct block_kind *kind;
	struct block block;
	struct domain d;
	struct machine blocker, other;
	int block_now, other_goes_on;
};

FIXTURE_VARIANT(handoff)
{
	struct block_kind kind;
};

FIXTURE_VARIANT_ADD(handoff, pipe) { BLOCK_KIND(pipe) };
FIXTURE_VARIANT_ADD(handoff, futex) { BLOCK_KIND(futex) };
FIXTURE_VARIANT_ADD(handoff, nanosleep) { BLOCK_KIND(nanosleep) };
FIXTURE_VARIANT_ADD(handoff, flock) { BLOCK_KIND(flock) };
FIXTURE_VARIANT_ADD(handoff, page_fault) { BLOCK_KIND(userfault) };

/* Step 1: has a P.  2: is back from its block. */
static void blocker(struct machine *m)
{
	FIXTURE_DATA(handoff) *self = m->arg;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(&self->block_now);
	self->kind->enter(&self->block);
	CHECK(machine_holds(m));
	machine_step(m, 2);
}

/* Step 1: has a P.  2: has given it up once. */
static void other(struct machine *m)
{
	FIXTURE_DATA(handoff) *self = m->arg;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(&self->other_goes_on);
	CHECK_EQ(machine_yield(m), 0);
	machine_step(m, 2);
}

FIXTURE_SETUP(handoff)
{
	self->kind = &variant->kind;
	self->kind->prepare(&self->block);
	domain_open(&self->d, 1, 1, NO_SLICE);
	machine_start_holding(&self->blocker, &self->d, blocker, self);
}

FIXTURE_TEARDOWN(handoff)
{
}

static void end_block(FIXTURE_DATA(handoff) *self)
{
	until(machine_sleeps(&self->blocker));
	self->kind->end(&self->block, &self->blocker);
}

TEST_F(handoff, another_runs_meanwhile)
{
	struct gosched_header *h = self->d.header;

	machine_start_spare(&self->other, &self->d, other, self);
	store(&h->runnable, 1);
	store(&self->block_now, 1);
	until(machine_at(&self->other) == 1);
	EXPECT_EQ(1, machine_at(&self->blocker));
	EXPECT_FALSE(machine_holds(&self->blocker));
	EXPECT_EQ(0, load(&self->other.slot->proc));
	EXPECT_EQ(0, load(&h->idle));

	/* Back from its block, it waits for the other. */
	end_block(self);
	until(load(&h->waiting) == 1);
	EXPECT_EQ(1, machine_at(&self->blocker));
	EXPECT_EQ(1, machine_at(&self->other));
	EXPECT_EQ(0, load(&self->block.handled));
	store(&self->other_goes_on, 1);
	until(machine_at(&self->blocker) == 2);
	until(machine_at(&self->other) == 2);
	machine_join(&self->blocker);
	machine_join(&self->other);
}

TEST_F(handoff, nothing_to_run_leaves_the_p_idle)
{
	struct gosched_header *h = self->d.header;

	machine_start_spare(&self->other, &self->d, other, self);
	store(&self->block_now, 1);
	until(load(&h->idle) == 1);
	EXPECT_FALSE(machine_holds(&self->blocker));
	EXPECT_EQ(1, load(&h->spares));
	EXPECT_EQ(0, machine_at(&self->other));

	end_block(self);
	until(machine_at(&self->blocker) == 2);
	EXPECT_EQ(0, machine_at(&self->other));
}

TEST_F(handoff, work_waits_for_an_m)
{
	struct gosched_header *h = self->d.header;

	store(&h->runnable, 1);
	store(&self->block_now, 1);
	until(load(&h->idle) == 1);
	machine_start(&self->other, &self->d, other, self);
	until(machine_at(&self->other) == 1);
	EXPECT_EQ(1, machine_at(&self->blocker));
	end_block(self);
	until(load(&h->waiting) == 1);
	store(&self->other_goes_on, 1);
	until(machine_at(&self->blocker) == 2);
	until(machine_at(&self->other) == 2);
}

GOSCHED_TEST_MAIN

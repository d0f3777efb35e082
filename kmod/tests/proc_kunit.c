// SPDX-License-Identifier: GPL-2.0
/* P's and M's: transitions and who is next. */
#include <linux/timekeeping.h>

#include "fixture.h"

static void gs_set_state(struct gs_fixture *f, u32 id, enum gs_machine_state state)
{
	gs_machine_set_state(&f->m[id], state);
}

static void choose_nobody(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 1, 1);

	gs_fixture_lock(f);
	KUNIT_EXPECT_NULL(test, gs_proc_choose(&f->d.procs[0]));
	f->d.header->runnable = 1;
	KUNIT_EXPECT_NULL(test, gs_proc_choose(&f->d.procs[0]));
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

/* M's whose block has ended come first come first served, with or without work. */
static void choose_waiting_in_order(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 1, 1);
	struct gs_proc *p = &f->d.procs[0];
	struct gs_kick kick;
	int i;

	gs_fixture_lock(f);
	gs_set_state(f, 2, GS_M_WAITING);
	gs_set_state(f, 0, GS_M_WAITING);
	gs_set_state(f, 1, GS_M_WAITING);
	for (i = 0; i < 3; i++) {
		static const int order[] = { 2, 0, 1 };

		KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[order[i]]);
		kick = (struct gs_kick) {};
		gs_proc_grant(p, &f->m[order[i]], &kick);
		KUNIT_EXPECT_PTR_EQ(test, kick.machine, &f->m[order[i]]);
		KUNIT_EXPECT_NULL(test, kick.cmd);
		gs_proc_take(&f->m[order[i]]);
		gs_set_state(f, order[i], GS_M_BLOCKED);
	}
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

/* A spare gets a P for each kind of work, and for none without. */
static void choose_spare_for_work(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 1, 2);
	struct gs_proc *p = &f->d.procs[0];
	u64 now = ktime_get_mono_fast_ns();

	gs_fixture_lock(f);
	gs_set_state(f, 0, GS_M_SPARE);
	KUNIT_EXPECT_NULL(test, gs_proc_choose(p));

	f->d.header->runnable = 1;
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[0]);
	f->d.header->runnable = 0;

	f->d.header->attention = 1;
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[0]);
	f->d.header->attention = 0;

	f->d.procs[0].slot->runnable = 1;
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[0]);
	f->d.procs[0].slot->runnable = 0;

	/* Work left behind on a P that is out of use counts as well. */
	f->d.procs[1].slot->runnable = 1;
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[0]);
	f->d.procs[1].slot->runnable = 0;

	f->d.procs[0].slot->deadline = now;
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[0]);
	f->d.procs[0].slot->deadline = now + 3600 * NSEC_PER_SEC;
	KUNIT_EXPECT_NULL(test, gs_proc_choose(p));
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

static void choose_last_spare_first(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 1, 1);

	gs_fixture_lock(f);
	f->d.header->runnable = 1;
	gs_set_state(f, 0, GS_M_SPARE);
	gs_set_state(f, 1, GS_M_SPARE);
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(&f->d.procs[0]), &f->m[1]);
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

/* M's that wait and the run queue take turns, M's first: neither starves. */
static void choose_takes_turns(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 1, 1);
	struct gs_proc *p = &f->d.procs[0];

	gs_fixture_lock(f);
	f->d.header->runnable = 1;
	gs_set_state(f, 0, GS_M_WAITING);
	gs_set_state(f, 1, GS_M_SPARE);
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[0]);
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[1]);
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[0]);
	/* A choice without rivals does not cost anybody a turn. */
	f->d.header->runnable = 0;
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[0]);
	f->d.header->runnable = 1;
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[1]);
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

/* A grant: all that changes, and the pending WAIT of a spare is claimed. */
static void grant_and_take(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 2, 2);
	struct io_uring_cmd *cmd = (void *)0x1000;
	struct gs_machine *m = &f->m[3];
	struct gs_kick kick = {};
	struct gs_proc *p;

	gs_fixture_lock(f);
	p = gs_proc_idle(&f->d);
	KUNIT_ASSERT_NOT_NULL(test, p);
	gs_set_state(f, 3, GS_M_SPARE);
	m->wait_cmd = cmd;
	gs_proc_grant(p, m, &kick);
	KUNIT_EXPECT_PTR_EQ(test, kick.machine, m);
	KUNIT_EXPECT_PTR_EQ(test, kick.cmd, cmd);
	KUNIT_EXPECT_NULL(test, m->wait_cmd);
	KUNIT_EXPECT_EQ(test, m->state, GS_M_RUNNING);
	KUNIT_EXPECT_EQ(test, m->slot->proc, p->id);
	KUNIT_EXPECT_FALSE(test, p->idle);
	KUNIT_EXPECT_EQ(test, f->d.header->idle, 1);
	KUNIT_EXPECT_PTR_NE(test, gs_proc_idle(&f->d), p);

	m->preempt = true;
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_take(m), p);
	KUNIT_EXPECT_FALSE(test, m->preempt);
	KUNIT_EXPECT_NULL(test, p->machine);
	KUNIT_EXPECT_NULL(test, gs_proc_take(m));
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

/* An M that stands in the trap keeps its pending WAIT for later. */
static void grant_leaves_wait_of_waiting(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 1, 1);
	struct io_uring_cmd *cmd = (void *)0x1000;
	struct gs_kick kick = {};

	gs_fixture_lock(f);
	f->m[0].wait_cmd = cmd;
	gs_set_state(f, 0, GS_M_WAITING);
	gs_proc_grant(&f->d.procs[0], &f->m[0], &kick);
	KUNIT_EXPECT_NULL(test, kick.cmd);
	KUNIT_EXPECT_PTR_EQ(test, f->m[0].wait_cmd, cmd);
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

/* A P that is passed on: to the next M, to nobody, or out of use. */
static void pass(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 2, 2);
	struct gs_domain *d = &f->d;
	struct gs_kick kick = {};
	struct gs_proc *p;

	gs_fixture_lock(f);
	gs_set_state(f, 0, GS_M_WAITING);
	gs_proc_grant(&d->procs[1], &f->m[0], &kick);

	kick = (struct gs_kick) {};
	p = gs_proc_take(&f->m[0]);
	gs_set_state(f, 0, GS_M_BLOCKED);
	gs_proc_pass(p, &kick);
	KUNIT_EXPECT_NULL(test, kick.machine);
	KUNIT_EXPECT_TRUE(test, p->idle);
	KUNIT_EXPECT_EQ(test, d->header->idle, 2);
	KUNIT_EXPECT_EQ(test, p->idle_since, 0);

	gs_set_state(f, 1, GS_M_WAITING);
	gs_proc_fill(d, &kick);
	KUNIT_EXPECT_PTR_EQ(test, kick.machine, &f->m[1]);
	p = gs_proc_take(&f->m[1]);
	gs_set_state(f, 1, GS_M_BLOCKED);

	/* Idle although goroutines wait, since no M is there: time is taken. */
	d->header->runnable = 1;
	kick = (struct gs_kick) {};
	gs_proc_pass(p, &kick);
	KUNIT_EXPECT_NULL(test, kick.machine);
	KUNIT_EXPECT_NE(test, p->idle_since, 0);
	gs_set_state(f, 2, GS_M_SPARE);
	gs_proc_fill(d, &kick);
	KUNIT_EXPECT_PTR_EQ(test, kick.machine, &f->m[2]);
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

static void pass_out_of_use(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 2, 2);
	struct gs_domain *d = &f->d;
	struct gs_kick kick = {};
	struct gs_proc *p = &d->procs[1];

	gs_fixture_lock(f);
	gs_set_state(f, 0, GS_M_WAITING);
	gs_proc_grant(p, &f->m[0], &kick);
	d->nr_procs = 1;
	gs_proc_take(&f->m[0]);
	gs_set_state(f, 0, GS_M_WAITING);
	kick = (struct gs_kick) {};
	gs_proc_pass(p, &kick);
	KUNIT_EXPECT_NULL(test, kick.machine);
	KUNIT_EXPECT_FALSE(test, p->idle);
	KUNIT_EXPECT_EQ(test, d->nr_idle, 1);
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

static void pass_after_shutdown(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 1, 1);
	struct gs_kick kick = {};
	struct gs_proc *p = &f->d.procs[0];

	gs_fixture_lock(f);
	gs_set_state(f, 0, GS_M_WAITING);
	gs_proc_grant(p, &f->m[0], &kick);
	f->d.state = GS_DOMAIN_SHUTDOWN;
	gs_proc_take(&f->m[0]);
	gs_set_state(f, 0, GS_M_WAITING);
	kick = (struct gs_kick) {};
	gs_proc_pass(p, &kick);
	KUNIT_EXPECT_NULL(test, kick.machine);
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

/* WAIT: the P goes to others, or comes straight back when there is work. */
static void begin_wait(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 1, 1);
	struct io_uring_cmd *cmd = (void *)0x1000;
	struct gs_kick kick = {};
	struct gs_machine *m = &f->m[0];

	gs_fixture_lock(f);
	/* Nothing to do: spare, and the P stays idle. */
	KUNIT_EXPECT_FALSE(test, gs_machine_begin_wait(m, cmd, &kick));
	KUNIT_EXPECT_NULL(test, kick.machine);
	KUNIT_EXPECT_EQ(test, m->state, GS_M_SPARE);
	KUNIT_EXPECT_PTR_EQ(test, m->wait_cmd, cmd);
	m->wait_cmd = NULL;

	/* Work for an M that holds no P. */
	f->d.header->runnable = 1;
	KUNIT_EXPECT_TRUE(test, gs_machine_begin_wait(m, cmd, &kick));
	KUNIT_EXPECT_PTR_EQ(test, m->proc, &f->d.procs[0]);
	KUNIT_EXPECT_NULL(test, m->wait_cmd);

	/* Work, but an M with a goroutine of its own waits: its turn. */
	gs_set_state(f, 1, GS_M_WAITING);
	kick = (struct gs_kick) {};
	KUNIT_EXPECT_FALSE(test, gs_machine_begin_wait(m, NULL, &kick));
	KUNIT_EXPECT_PTR_EQ(test, kick.machine, &f->m[1]);
	KUNIT_EXPECT_EQ(test, m->state, GS_M_SPARE);
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

/* Who is interrupted while it waits comes back to the head of the queue. */
static void interrupted_keeps_its_turn(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 1, 1);
	struct gs_proc *p = &f->d.procs[0];
	struct gs_kick kick = {};

	gs_fixture_lock(f);
	gs_set_state(f, 0, GS_M_WAITING);
	gs_set_state(f, 1, GS_M_WAITING);
	f->m[0].in_turn = true;
	gs_set_state(f, 0, GS_M_BLOCKED);
	gs_set_state(f, 0, GS_M_WAITING);
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[0]);
	gs_proc_grant(p, &f->m[0], &kick);
	KUNIT_EXPECT_FALSE(test, f->m[0].in_turn);
	gs_proc_take(&f->m[0]);
	gs_set_state(f, 0, GS_M_WAITING);
	KUNIT_EXPECT_PTR_EQ(test, gs_proc_choose(p), &f->m[1]);
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

/* The end of a slice: nobody there, somebody there, an idle P for them, out of use. */
static void end_slice(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 2, 2);
	struct gs_proc *p0 = &f->d.procs[0], *p1 = &f->d.procs[1];
	struct gs_domain *d = &f->d;
	struct gs_kick kick = {};

	gs_fixture_lock(f);
	gs_set_state(f, 0, GS_M_WAITING);
	gs_proc_grant(p0, &f->m[0], &kick);

	/* An idle P serves the queue: nobody need stop. */
	kick = (struct gs_kick) {};
	gs_set_state(f, 1, GS_M_SPARE);
	d->header->runnable = 1;
	KUNIT_EXPECT_FALSE(test, gs_proc_end_slice(&f->m[0], GS_STAT_YIELDS, &kick));
	KUNIT_EXPECT_PTR_EQ(test, f->m[0].proc, p0);
	KUNIT_EXPECT_PTR_EQ(test, f->m[1].proc, p1);
	KUNIT_EXPECT_EQ(test, d->stat[GS_STAT_YIELDS], 0);

	/* Nobody is there. */
	kick = (struct gs_kick) {};
	KUNIT_EXPECT_FALSE(test, gs_proc_end_slice(&f->m[0], GS_STAT_YIELDS, &kick));
	KUNIT_EXPECT_NULL(test, kick.machine);

	/* Another M is. */
	gs_set_state(f, 2, GS_M_WAITING);
	KUNIT_EXPECT_TRUE(test, gs_proc_end_slice(&f->m[0], GS_STAT_YIELDS, &kick));
	KUNIT_EXPECT_PTR_EQ(test, kick.machine, &f->m[2]);
	KUNIT_EXPECT_EQ(test, f->m[0].state, GS_M_WAITING);
	KUNIT_EXPECT_EQ(test, d->stat[GS_STAT_YIELDS], 1);

	/* Its P has been taken out of use: it is lost, though nobody gets it. */
	d->nr_procs = 1;
	kick = (struct gs_kick) {};
	KUNIT_EXPECT_TRUE(test, gs_proc_end_slice(&f->m[1], GS_STAT_PREEMPTIONS, &kick));
	KUNIT_EXPECT_NULL(test, kick.machine);
	KUNIT_EXPECT_FALSE(test, p1->idle);
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

/* From every state to every state, lists and counts stay whole. */
static void states(struct kunit *test)
{
	struct gs_fixture *f = gs_fixture_new(test, 1, 1);
	int from, to;

	gs_fixture_lock(f);
	for (from = 0; from < GS_M_NR_STATES; from++) {
		for (to = 0; to < GS_M_NR_STATES; to++) {
			gs_set_state(f, 0, from);
			gs_set_state(f, 0, to);
			KUNIT_EXPECT_EQ(test, f->m[0].state, to);
			KUNIT_EXPECT_EQ(test, f->d.nr_waiting, to == GS_M_WAITING);
			KUNIT_EXPECT_EQ(test, f->d.nr_spares, to == GS_M_SPARE);
			KUNIT_EXPECT_EQ(test, list_empty(&f->m[0].entry),
					to != GS_M_WAITING && to != GS_M_SPARE);
		}
	}
	gs_fixture_unlock(f);
	gs_fixture_end(test, f);
}

static struct kunit_case gs_proc_cases[] = {
	KUNIT_CASE(choose_nobody),
	KUNIT_CASE(choose_waiting_in_order),
	KUNIT_CASE(choose_spare_for_work),
	KUNIT_CASE(choose_last_spare_first),
	KUNIT_CASE(choose_takes_turns),
	KUNIT_CASE(grant_and_take),
	KUNIT_CASE(grant_leaves_wait_of_waiting),
	KUNIT_CASE(pass),
	KUNIT_CASE(pass_out_of_use),
	KUNIT_CASE(pass_after_shutdown),
	KUNIT_CASE(begin_wait),
	KUNIT_CASE(interrupted_keeps_its_turn),
	KUNIT_CASE(end_slice),
	KUNIT_CASE(states),
	{}
};

struct kunit_suite gs_proc_suite = {
	.name = "gosched_proc",
	.test_cases = gs_proc_cases,
};

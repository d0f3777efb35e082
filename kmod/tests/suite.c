// SPDX-License-Identifier: GPL-2.0
/* KUnit tests of the module's pure logic: the fixture, and the list of suites. */
#include <linux/module.h>

#include "fixture.h"

struct gs_fixture *gs_fixture_new(struct kunit *test, u32 nr_procs, u32 max_procs)
{
	struct gs_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct gs_domain *d;
	u32 id;

	KUNIT_ASSERT_NOT_NULL(test, f);
	d = &f->d;
	raw_spin_lock_init(&d->lock);
	INIT_LIST_HEAD(&d->waiting);
	INIT_LIST_HEAD(&d->spares);
	d->state = GS_DOMAIN_LIVE;
	d->nr_procs = nr_procs;
	d->max_procs = max_procs;
	d->max_machines = GS_FIXTURE_MACHINES;
	/* No slice ends during a test. */
	d->slice_ns = GOSCHED_MAX_SLICE_NS;
	d->header = kunit_kzalloc(test, (1 + max_procs + GS_FIXTURE_MACHINES) * 64, GFP_KERNEL);
	d->procs = kunit_kcalloc(test, max_procs, sizeof(*d->procs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, d->header);
	KUNIT_ASSERT_NOT_NULL(test, d->procs);
	for (id = 0; id < max_procs; id++)
		gs_proc_init(&d->procs[id], d, id);
	for (id = 0; id < GS_FIXTURE_MACHINES; id++) {
		struct gs_machine *m = &f->m[id];

		m->domain = d;
		m->id = id;
		m->slot = (void *)d->header + (1 + max_procs + id) * 64;
		m->slot->proc = GOSCHED_NO_PROC;
		m->state = GS_M_BLOCKED;
		INIT_LIST_HEAD(&m->entry);
	}
	return f;
}

void gs_fixture_lock(struct gs_fixture *f)
	__acquires(&f->d.lock)
{
	raw_spin_lock_irqsave(&f->d.lock, f->flags);
}

void gs_fixture_unlock(struct gs_fixture *f)
	__releases(&f->d.lock)
{
	raw_spin_unlock_irqrestore(&f->d.lock, f->flags);
}

void gs_fixture_end(struct kunit *test, struct gs_fixture *f)
{
	struct gs_domain *d = &f->d;
	u32 id, idle = 0, waiting = 0, spares = 0;

	/* The timers stop by themselves once the domain is down. */
	d->state = GS_DOMAIN_SHUTDOWN;
	for (id = 0; id < d->max_procs; id++) {
		struct gs_proc *p = &d->procs[id];

		gs_proc_stop(p);
		idle += p->idle;
		KUNIT_EXPECT_FALSE(test, p->idle && p->machine);
		if (p->machine)
			KUNIT_EXPECT_PTR_EQ(test, p->machine->proc, p);
	}
	for (id = 0; id < GS_FIXTURE_MACHINES; id++) {
		struct gs_machine *m = &f->m[id];

		waiting += m->state == GS_M_WAITING;
		spares += m->state == GS_M_SPARE;
		if (m->proc)
			KUNIT_EXPECT_PTR_EQ(test, m->proc->machine, m);
		KUNIT_EXPECT_EQ(test, m->slot->proc, m->proc ? m->proc->id : GOSCHED_NO_PROC);
	}
	KUNIT_EXPECT_EQ(test, d->nr_idle, idle);
	KUNIT_EXPECT_EQ(test, d->nr_waiting, waiting);
	KUNIT_EXPECT_EQ(test, d->nr_spares, spares);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&d->waiting), waiting);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&d->spares), spares);
	KUNIT_EXPECT_EQ(test, d->header->waiting, waiting);
	KUNIT_EXPECT_EQ(test, d->header->spares, spares);
}

kunit_test_suites(&gs_proc_suite, &gs_cmd_suite, &gs_policy_suite);

MODULE_DESCRIPTION("KUnit tests of gosched");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);

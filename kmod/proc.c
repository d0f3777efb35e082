// SPDX-License-Identifier: GPL-2.0
/*
 * P's: who holds which, who is next, slices.
 *
 * A P is held by an M, or idle, or out of use (its number is not below
 * domain->nr_procs), or for a moment in the hands of the code between
 * gs_proc_take() and gs_proc_pass(), under domain->lock.
 */
#include <kunit/visibility.h>
#include <linux/module.h>

#include "compat.h"
#include "internal.h"
#include "policy.h"

static void gs_proc_set_idle(struct gs_proc *p)
{
	struct gs_domain *d = p->domain;

	p->idle = true;
	p->spare_turn = false;
	d->nr_idle++;
	gs_slot_publish(d);
}

static void gs_proc_clear_idle(struct gs_proc *p)
{
	struct gs_domain *d = p->domain;

	if (p->idle_since) {
		d->stat[GS_STAT_IDLE_WITH_WORK_NS] += ktime_get_mono_fast_ns() - p->idle_since;
		p->idle_since = 0;
	}
	p->idle = false;
	d->nr_idle--;
}

/* An idle P, or NULL. */
struct gs_proc *gs_proc_idle(struct gs_domain *d)
{
	u32 i;

	lockdep_assert_held(&d->lock);
	if (!d->nr_idle)
		return NULL;
	for (i = 0; i < d->nr_procs; i++)
		if (d->procs[i].idle)
			return &d->procs[i];
	WARN_ONCE(1, "gosched: %u P's idle but none found\n", d->nr_idle);
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(gs_proc_idle);

/*
 * Who gets @p: an M whose block or slice has ended, else a spare M if goroutines
 * wait in queues, else NULL.  When there are both they take turns.
 */
struct gs_machine *gs_proc_choose(struct gs_proc *p)
{
	struct gs_domain *d = p->domain;
	struct gs_machine *waiter, *spare;

	lockdep_assert_held(&d->lock);
	waiter = list_first_entry_or_null(&d->waiting, struct gs_machine, entry);
	spare = list_first_entry_or_null(&d->spares, struct gs_machine, entry);
	if (spare && !gs_slot_has_work(d))
		spare = NULL;

	if (waiter && spare) {
		bool queue_first = gs_policy_queue_first(p);

		p->spare_turn = !queue_first;
		return queue_first ? spare : waiter;
	}
	return waiter ?: spare;
}
EXPORT_SYMBOL_IF_KUNIT(gs_proc_choose);

static void gs_proc_begin_slice(struct gs_proc *p)
{
	lockdep_assert_held(&p->domain->lock);
	p->tick = READ_ONCE(p->slot->tick);
	p->slice_end = ktime_get_mono_fast_ns() + p->domain->slice_ns;
	if (!p->timer_on) {
		WRITE_ONCE(p->timer_on, true);
		hrtimer_start(&p->timer, ns_to_ktime(p->domain->slice_ns),
			      HRTIMER_MODE_REL_PINNED_HARD);
	}
}

/* @m, which waits, is spare or is the current thread, holds @p from here on. */
void gs_proc_grant(struct gs_proc *p, struct gs_machine *m, struct gs_kick *kick)
{
	struct gs_domain *d = p->domain;

	lockdep_assert_held(&d->lock);
	WARN_ON_ONCE(p->machine || m->proc || kick->machine);

	kick->machine = m;
	m->in_turn = false;
	if (m->state == GS_M_SPARE) {
		kick->cmd = m->wait_cmd;
		m->wait_cmd = NULL;
	}
	if (p->idle)
		gs_proc_clear_idle(p);
	gs_machine_set_state(m, GS_M_RUNNING);
	p->machine = m;
	WRITE_ONCE(m->proc, p);
	WRITE_ONCE(m->slot->proc, p->id);
	gs_slot_publish(d);

	gs_proc_begin_slice(p);
}
EXPORT_SYMBOL_IF_KUNIT(gs_proc_grant);

/* @m holds no P from here on; the caller passes on what it held. */
struct gs_proc *gs_proc_take(struct gs_machine *m)
{
	struct gs_proc *p = m->proc;

	lockdep_assert_held(&m->domain->lock);
	if (!p)
		return NULL;
	WARN_ON_ONCE(p->machine != m);
	p->machine = NULL;
	WRITE_ONCE(m->proc, NULL);
	WRITE_ONCE(m->slot->proc, GOSCHED_NO_PROC);
	m->preempt = false;
	return p;
}
EXPORT_SYMBOL_IF_KUNIT(gs_proc_take);

/* Give @p, which nobody holds and which is not idle, to whoever is next. */
void gs_proc_pass(struct gs_proc *p, struct gs_kick *kick)
{
	struct gs_domain *d = p->domain;
	struct gs_machine *m;

	lockdep_assert_held(&d->lock);
	if (!gs_policy_in_use(p) || !gs_domain_is_live(d))
		return;

	m = gs_proc_choose(p);
	if (!m) {
		gs_proc_set_idle(p);
		/*
		 * Lost wake-up: user space stores its count of runnable
		 * goroutines, (A) full barrier, looks at header->idle and rings.
		 * We have stored header->idle; (B) look at the counts again.
		 * Either it sees the idle P or we see the goroutine.
		 */
		smp_mb();
		m = gs_proc_choose(p);
	}
	if (m)
		gs_proc_grant(p, m, kick);
	else if (gs_slot_has_work(d))
		p->idle_since = ktime_get_mono_fast_ns();
}
EXPORT_SYMBOL_IF_KUNIT(gs_proc_pass);

/* Somebody new could hold a P: give it an idle one if there is a reason to. */
void gs_proc_fill(struct gs_domain *d, struct gs_kick *kick)
{
	struct gs_proc *p = gs_proc_idle(d);
	struct gs_machine *m = p ? gs_proc_choose(p) : NULL;

	if (m)
		gs_proc_grant(p, m, kick);
}
EXPORT_SYMBOL_IF_KUNIT(gs_proc_fill);

/*
 * The slice of @m, the current thread, is over: its P goes to whoever is next, and it
 * queues up behind the others.  False when it keeps the P, or has another at once:
 * nobody wants one, or there is an idle one for those who do.
 */
bool gs_proc_end_slice(struct gs_machine *m, enum gs_stat why, struct gs_kick *kick)
{
	struct gs_domain *d = m->domain;
	struct gs_proc *p = m->proc;
	bool in_use = gs_policy_in_use(p);
	struct gs_machine *next;

	lockdep_assert_held(&d->lock);
	if (in_use && d->nr_idle) {
		gs_proc_fill(d, kick);
		return false;
	}
	next = in_use ? gs_proc_choose(p) : NULL;
	if (in_use && !next)
		return false;

	gs_count(d, why);
	gs_proc_take(m);
	gs_machine_set_state(m, GS_M_WAITING);
	if (next)
		gs_proc_grant(p, next, kick);
	else
		gs_proc_fill(d, kick);
	return !m->proc;
}
EXPORT_SYMBOL_IF_KUNIT(gs_proc_end_slice);

/*
 * Wake whom the caller has decided to wake.  In the RCU section of gs_lock(), unlocked.
 *
 * An M that is given a P and happens to be the current task is woken like any other: it
 * may have been interrupted on its way to sleep.
 *
 * A spare is woken in addition to the completion of its WAIT: it may sleep in some other
 * place of the same system call, where it would keep the P; awake, it either goes on or
 * is seen to block.
 */
void gs_kick_send(struct gs_kick *kick)
{
	if (kick->cmd)
		gs_uring_complete(kick->cmd, kick->status);
	if (kick->machine)
		wake_up_process(kick->machine->task);
}

/* Would anybody gain if the M that holds @p lost it now? */
static bool gs_proc_is_wanted(struct gs_proc *p)
{
	struct gs_domain *d = p->domain;

	if (!gs_policy_in_use(p) || d->nr_waiting)
		return true;
	if (!gs_policy_queue_is_stuck(p, READ_ONCE(p->slot->tick)))
		return false;
	return gs_slot_has_work(d);
}

/*
 * The slice of @p may have ended.  The timer is not touched when a P changes
 * hands: it finds out here how much of the slice is left.
 *
 * It dies out when nobody holds the P, and when its M is not on a CPU, asleep in a
 * critical section or waiting for the CPU: there is nothing to preempt, and a slice that
 * has been waited through is no slice.  gs_proc_resume() starts a new one.  So no more
 * timers run than there are CPUs.
 */
static enum hrtimer_restart gs_proc_timer(struct hrtimer *timer)
{
	struct gs_proc *p = container_of(timer, struct gs_proc, timer);
	struct gs_domain *d = p->domain;
	unsigned long flags = gs_lock(d);
	struct gs_machine *m = p->machine;
	u64 now = ktime_get_mono_fast_ns();

	WRITE_ONCE(p->timer_on, false);
	/* Pairs with the barrier in gs_sched_in(). */
	smp_mb();
	if (!m || !READ_ONCE(m->oncpu) || !gs_domain_is_live(d)) {
		gs_unlock(d, flags, NULL);
		return HRTIMER_NORESTART;
	}
	WRITE_ONCE(p->timer_on, true);
	if (now >= p->slice_end) {
		if (m->state == GS_M_RUNNING && gs_proc_is_wanted(p)) {
			m->preempt = true;
			gs_trap_arm(m);
		}
		gs_proc_begin_slice(p);
	}
	hrtimer_set_expires(timer, ns_to_ktime(p->slice_end));
	gs_unlock(d, flags, NULL);
	return HRTIMER_RESTART;
}

/* @m, the current thread, is on a CPU again: its P has a slice timer again. */
void gs_proc_resume(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;
	struct gs_proc *p = READ_ONCE(m->proc);
	unsigned long flags;

	if (!p || READ_ONCE(p->timer_on))
		return;
	flags = gs_lock(d);
	/* It cannot have changed hands unless the M was asleep, but may have been taken. */
	if (m->proc && gs_domain_is_live(d))
		gs_proc_begin_slice(m->proc);
	gs_unlock(d, flags, NULL);
}

void gs_proc_init(struct gs_proc *p, struct gs_domain *d, u32 id)
{
	p->domain = d;
	p->id = id;
	p->slot = gs_slot_proc(d, id);
	hrtimer_init(&p->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	p->timer.function = gs_proc_timer;
	if (gs_policy_in_use(p)) {
		p->idle = true;
		d->nr_idle++;
	}
}
EXPORT_SYMBOL_IF_KUNIT(gs_proc_init);

/* No timer of @p runs any more; the domain is no longer live. */
void gs_proc_stop(struct gs_proc *p)
{
	hrtimer_cancel(&p->timer);
}
EXPORT_SYMBOL_IF_KUNIT(gs_proc_stop);

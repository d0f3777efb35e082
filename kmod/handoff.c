// SPDX-License-Identifier: GPL-2.0
/*
 * An M falls asleep, an M wakes up: the preempt notifiers.
 *
 * sched_out runs under the runqueue lock with irqs off.  It records that the M
 * blocks and starts what will hand its P on: irq work, which runs as soon as the
 * CPU has switched to the next task, or a short timer, when the M's blocks have
 * been short of late.  If the M is back first, it finds its P as it left it.
 *
 * sched_in of an M that has lost its P only arms the trap: the wake-up may be for
 * something inside the kernel, after which the M sleeps again.
 */
#include <linux/timekeeping.h>

#include "compat.h"
#include "internal.h"
#include "policy.h"

/* The hand-off itself, when the M is still asleep. */
static void gs_handoff(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;
	unsigned long flags = gs_lock(d);
	struct gs_kick kick = {};

	if (m->state == GS_M_BLOCKING) {
		struct gs_proc *p = gs_proc_take(m);

		gs_machine_set_state(m, GS_M_BLOCKED);
		gs_count(d, GS_STAT_HANDOFFS);
		gs_proc_pass(p, &kick);
	} else if (m->retire) {
		/* After a shutdown the timer serves gs_trap_retire(). */
		gs_trap_arm(m);
	}
	gs_unlock(d, flags, &kick);
}

void gs_handoff_work(struct irq_work *work)
{
	struct gs_machine *m = container_of(work, struct gs_machine, work);

	if (READ_ONCE(m->dead))
		gs_machine_bury(m);
	else
		gs_handoff(m);
}

enum hrtimer_restart gs_handoff_timer(struct hrtimer *timer)
{
	gs_handoff(container_of(timer, struct gs_machine, grace));
	return HRTIMER_NORESTART;
}

/* Under the runqueue lock. */
static void gs_handoff_begin(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;
	bool at_once = gs_policy_hand_off_at_once(m);

	raw_spin_lock(&d->lock);
	if (m->state != GS_M_RUNNING || d->state != GS_DOMAIN_LIVE) {
		raw_spin_unlock(&d->lock);
		return;
	}
	gs_machine_set_state(m, GS_M_BLOCKING);
	gs_count(d, GS_STAT_BLOCKS);
	m->block_start = ktime_get_mono_fast_ns();
	raw_spin_unlock(&d->lock);

	if (at_once)
		irq_work_queue(&m->work);
	else
		hrtimer_start(&m->grace, ns_to_ktime(GS_GRACE_NS), HRTIMER_MODE_REL_PINNED_HARD);
}

/*
 * A spare that sleeps for anything but its WAIT, stopped or traced or in a page fault,
 * could not use a P.  io_uring waits in plain TASK_INTERRUPTIBLE.  Under the runqueue
 * lock.
 */
static void gs_handoff_leave_spares(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;

	raw_spin_lock(&d->lock);
	if (m->state == GS_M_SPARE)
		gs_machine_set_state(m, GS_M_BLOCKED);
	raw_spin_unlock(&d->lock);
}

static void gs_sched_out(struct preempt_notifier *notifier, struct task_struct *next)
{
	struct gs_machine *m = container_of(notifier, struct gs_machine, notifier);

	WRITE_ONCE(m->oncpu, false);
	gs_trap_forget(m);
	if (unlikely(READ_ONCE(current->__state) == TASK_DEAD)) {
		WRITE_ONCE(m->dead, true);
		irq_work_queue(&m->work);
		return;
	}
	if (m->parked || !gs_current_blocks())
		return;
	switch (READ_ONCE(m->state)) {
	case GS_M_RUNNING:
		if (!READ_ONCE(m->slot->crit))
			gs_handoff_begin(m);
		break;
	case GS_M_SPARE:
		if (READ_ONCE(current->__state) != TASK_INTERRUPTIBLE)
			gs_handoff_leave_spares(m);
		break;
	default:
		break;
	}
}

/* The M that fell asleep is back: with its P or without. */
static void gs_handoff_end(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;
	unsigned long flags = gs_lock(d);
	bool kept = m->state == GS_M_BLOCKING;

	if (kept) {
		gs_machine_set_state(m, GS_M_RUNNING);
		gs_count(d, GS_STAT_KEPT);
	} else if (m->block_start) {
		gs_count(d, GS_STAT_RETURNS);
	}
	gs_unlock(d, flags, NULL);

	if (m->block_start) {
		gs_policy_learn(m, ktime_get_mono_fast_ns() - m->block_start);
		m->block_start = 0;
	}
	if (kept)
		hrtimer_try_to_cancel(&m->grace);
	else
		gs_trap_arm(m);
}

static void gs_sched_in(struct preempt_notifier *notifier, int cpu)
{
	struct gs_machine *m = container_of(notifier, struct gs_machine, notifier);
	bool missed = m->missed_return;

	m->missed_return = false;
	WRITE_ONCE(m->oncpu, true);
	/* Pairs with the barrier in gs_proc_timer(): it sees oncpu or we see timer_on. */
	smp_mb();
	gs_proc_resume(m);
	if (m->parked)
		return;
	switch (READ_ONCE(m->state)) {
	case GS_M_BLOCKING:
	case GS_M_BLOCKED:
		gs_handoff_end(m);
		break;
	case GS_M_SPARE:
		/*
		 * In io_uring_enter with a WAIT pending, woken by something else,
		 * perhaps to go on waiting: task work would run right there.
		 */
		gs_trap_on_return(m);
		break;
	default:
		/* It was to be stopped on its way out, and has slept on the way. */
		if (missed && gs_trap_is_due(m))
			gs_trap_on_return(m);
		break;
	}
}

struct preempt_ops gs_preempt_ops = {
	.sched_in	= gs_sched_in,
	.sched_out	= gs_sched_out,
};

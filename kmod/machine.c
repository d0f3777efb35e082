// SPDX-License-Identifier: GPL-2.0
/*
 * M's: registration, waiting for a P, detaching, death.
 */
#include <kunit/visibility.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "internal.h"
#include "policy.h"

const char *const gs_machine_state_names[GS_M_NR_STATES] = {
	[GS_M_NEW]	= "new",
	[GS_M_RUNNING]	= "running",
	[GS_M_BLOCKING]	= "blocking",
	[GS_M_BLOCKED]	= "blocked",
	[GS_M_WAITING]	= "waiting",
	[GS_M_SPARE]	= "spare",
	[GS_M_GONE]	= "gone",
};

/*
 * The one place that changes an M's state: keeps the lists and their counts in
 * step.  The caller sees to the P.
 */
void gs_machine_set_state(struct gs_machine *m, enum gs_machine_state state)
{
	struct gs_domain *d = m->domain;

	lockdep_assert_held(&d->lock);
	if (m->state == GS_M_WAITING) {
		list_del_init(&m->entry);
		d->nr_waiting--;
	} else if (m->state == GS_M_SPARE) {
		list_del_init(&m->entry);
		d->nr_spares--;
	}
	WRITE_ONCE(m->state, state);
	if (state == GS_M_WAITING) {
		/* Interrupted while it waited, it has not lost its turn. */
		if (m->in_turn)
			list_add(&m->entry, &d->waiting);
		else
			list_add_tail(&m->entry, &d->waiting);
		d->nr_waiting++;
	} else if (state == GS_M_SPARE) {
		list_add(&m->entry, &d->spares);
		d->nr_spares++;
	}
	gs_slot_publish(d);
}
EXPORT_SYMBOL_IF_KUNIT(gs_machine_set_state);

/* The M of the current thread, of whatever domain, or NULL. */
struct gs_machine *gs_machine_self(void)
{
	struct preempt_notifier *notifier;

	/* Only the thread itself changes this list. */
	hlist_for_each_entry(notifier, &current->preempt_notifiers, link)
		if (notifier->ops == &gs_preempt_ops)
			return container_of(notifier, struct gs_machine, notifier);
	return NULL;
}

/* Runs in process context, an RCU grace period after the last reference. */
static void gs_machine_free(struct work_struct *work)
{
	struct gs_machine *m = container_of(to_rcu_work(work), struct gs_machine, free);

	hrtimer_cancel(&m->grace);
	irq_work_sync(&m->work);
	put_task_struct(m->task);
	gs_domain_put(m->domain);
	kfree(m);
}

static void gs_machine_release(struct kref *ref)
{
	struct gs_machine *m = container_of(ref, struct gs_machine, ref);

	queue_rcu_work(gs_wq, &m->free);
}

/* Not under domain->lock, not from sched_out. */
void gs_machine_put(struct gs_machine *m)
{
	kref_put(&m->ref, gs_machine_release);
}

static struct gs_machine *gs_machine_alloc(struct gs_domain *d)
{
	struct gs_machine *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);

	if (!m)
		return NULL;
	kref_get(&d->ref);
	m->domain = d;
	m->task = get_task_struct(current);
	m->state = GS_M_NEW;
	m->oncpu = true;
	m->long_blocks = GS_LONG_BLOCKS_START;
	INIT_LIST_HEAD(&m->entry);
	init_task_work(&m->trap, gs_trap);
	preempt_notifier_init(&m->notifier, &gs_preempt_ops);
	m->work = IRQ_WORK_INIT_HARD(gs_handoff_work);
	hrtimer_init(&m->grace, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	m->grace.function = gs_handoff_timer;
	kref_init(&m->ref);
	INIT_RCU_WORK(&m->free, gs_machine_free);
	return m;
}

/* Give @m a number.  Fails when all are taken, or the domain is down. */
static int gs_machine_enlist(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;
	unsigned long flags = gs_lock(d);
	int ret = -ENOSPC;
	u32 id;

	if (!gs_domain_is_live(d)) {
		gs_unlock(d, flags, NULL);
		return -ESHUTDOWN;
	}
	for (id = 0; id < d->max_machines; id++) {
		if (d->machines[id])
			continue;
		m->id = id;
		m->slot = gs_slot_machine(d, id);
		WRITE_ONCE(m->slot->crit, 0);
		WRITE_ONCE(m->slot->flags, 0);
		WRITE_ONCE(m->slot->proc, GOSCHED_NO_PROC);
		WRITE_ONCE(m->slot->goroutine, 0);
		d->machines[id] = m;
		ret = 0;
		break;
	}
	gs_unlock(d, flags, NULL);
	return ret;
}

/* The current thread becomes an M of @d. */
int gs_machine_register(struct gs_domain *d, struct gosched_register *arg)
{
	struct gs_machine *m = gs_machine_self();
	int ret;

	if (m && m->domain->mm == current->mm)
		return -EBUSY;
	/* Another program registered this thread, before exec. */
	if (m)
		gs_machine_detach(m);
	m = gs_machine_alloc(d);
	if (!m)
		return -ENOMEM;
	m->retire_ip = arg->retire_ip;
	m->retire_sp = arg->retire_sp;
	ret = gs_machine_enlist(m);
	if (ret) {
		gs_machine_put(m);
		return ret;
	}
	preempt_disable();
	preempt_notifier_register(&m->notifier);
	preempt_enable();
	arg->machine = m->id;
	return 0;
}

/*
 * The last thing that happens to an M: it gives up all it has.  By its own thread
 * when it detaches, by irq work when it has died.
 */
void gs_machine_bury(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;
	unsigned long flags = gs_lock(d);
	struct io_uring_cmd *cmd = m->wait_cmd;
	struct gs_kick kick = {};
	struct gs_proc *p;

	/* Irq work that began before it died and was held up may find it dead as well. */
	if (m->state == GS_M_GONE) {
		gs_unlock(d, flags, NULL);
		return;
	}
	m->wait_cmd = NULL;
	m->retire = false;
	p = gs_proc_take(m);
	gs_machine_set_state(m, GS_M_GONE);
	d->machines[m->id] = NULL;
	WRITE_ONCE(m->slot->crit, 0);
	if (p)
		gs_proc_pass(p, &kick);
	gs_unlock(d, flags, &kick);

	if (cmd)
		gs_uring_complete(cmd, -ECANCELED);
	gs_machine_put(m);
}

/* The current thread is an M no longer. */
void gs_machine_detach(struct gs_machine *m)
{
	preempt_disable();
	preempt_notifier_unregister(&m->notifier);
	gs_trap_forget(m);
	preempt_enable();
	gs_machine_bury(m);
}

/*
 * Sleep until the M holds a P: 0.  -EINTR when a signal, a stop, the freezer or
 * task work wants the thread first, -ESHUTDOWN when there are no more P's; it is
 * on no list then and has no P, and the caller sees to it that it is stopped
 * before it reaches user mode.
 */
int gs_machine_sleep(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;
	unsigned long flags;
	int ret = 0;

	m->parked = true;
	for (;;) {
		/*
		 * The barrier pairs with the lock and wake-up of whoever grants a P,
		 * and with the barrier in gs_domain_end().  Not TASK_FREEZABLE: frozen
		 * here, the M could still be given a P.
		 */
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(m->proc) || !gs_domain_is_live(d) || signal_pending(current))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	m->parked = false;
	if (READ_ONCE(m->proc))
		return 0;

	flags = gs_lock(d);
	if (!m->proc) {
		m->in_turn = m->state == GS_M_WAITING;
		gs_machine_set_state(m, GS_M_BLOCKED);
		ret = gs_domain_is_live(d) ? -EINTR : -ESHUTDOWN;
	}
	gs_unlock(d, flags, NULL);
	return ret;
}

/*
 * The current M becomes a spare and lets go of its P.  True when it holds one
 * again at once.  Otherwise @cmd, if any, is what completes when it is given one.
 * Under domain->lock.
 */
bool gs_machine_begin_wait(struct gs_machine *m, struct io_uring_cmd *cmd, struct gs_kick *kick)
{
	struct gs_domain *d = m->domain;
	struct gs_proc *p;

	lockdep_assert_held(&d->lock);
	p = gs_proc_take(m);
	gs_machine_set_state(m, GS_M_SPARE);
	if (p)
		gs_proc_pass(p, kick);
	else
		gs_proc_fill(d, kick);
	if (!m->proc) {
		if (cmd)
			m->wait_cmd = cmd;
		return false;
	}
	/* No need to wake the current thread, which is awake. */
	kick->machine = NULL;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(gs_machine_begin_wait);

/* WAIT as ioctl. */
int gs_machine_wait(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;
	struct gs_kick kick = {};
	unsigned long flags;
	bool granted;
	int ret;

	flags = gs_lock(d);
	if (!gs_domain_is_live(d)) {
		gs_unlock(d, flags, NULL);
		return -ESHUTDOWN;
	}
	if (m->wait_cmd) {
		gs_unlock(d, flags, NULL);
		return -EBUSY;
	}
	granted = gs_machine_begin_wait(m, NULL, &kick);
	gs_unlock(d, flags, &kick);
	if (granted)
		return 0;

	ret = gs_machine_sleep(m);
	if (ret != -EINTR)
		return ret;
	gs_trap_arm(m);
	return -ERESTARTSYS;
}

/*
 * YIELD: the P goes to whoever is next, if anybody; the M queues up behind the
 * others.  A signal ends it early; the trap sees to the P then.
 */
int gs_machine_yield(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;
	struct gs_kick kick = {};
	unsigned long flags;
	bool lost;
	int ret;

	flags = gs_lock(d);
	if (!gs_domain_is_live(d)) {
		gs_unlock(d, flags, NULL);
		return -ESHUTDOWN;
	}
	if (!m->proc) {
		gs_unlock(d, flags, NULL);
		return -ENXIO;
	}
	lost = gs_proc_end_slice(m, GS_STAT_YIELDS, &kick);
	gs_unlock(d, flags, &kick);
	if (!lost)
		return 0;

	ret = gs_machine_sleep(m);
	if (ret != -EINTR)
		return ret;
	gs_trap_arm(m);
	return 0;
}

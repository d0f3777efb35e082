// SPDX-License-Identifier: GPL-2.0
/*
 * The trap: an M that is about to return to user mode without a P, or whose slice
 * has ended, stops here.
 *
 * It is task work, run by resume_user_mode_work() as the last thing before user
 * mode.  Task work may also be run earlier: by get_signal(), before a signal, a
 * stop, the freezer or a tracer is attended to, and by io_uring while a thread
 * waits in io_uring_enter().  The trap must not sleep there.  What tells the two
 * apart is TIF_NOTIFY_RESUME: resume_user_mode_work() clears it first, the others
 * do not.  In that case, and when the sleep in the trap is interrupted, the M goes
 * on without a P, and a user return notifier of the CPU catches it at the very
 * last moment, with irqs off: it arms the trap again and raises an interrupt,
 * which is taken at the first user instruction.  If the M is scheduled out
 * before it gets that far, sched_in sees to it again, and the notifier, which belongs
 * to the CPU, not to the M, finds nothing to do.
 */
#include <linux/cpuhotplug.h>
#include <linux/percpu.h>
#include <linux/sched/signal.h>
#include <linux/user-return-notifier.h>

#include "compat.h"
#include "internal.h"
#include "policy.h"

/*
 * The M that is to be stopped when this CPU next returns to user mode; only
 * touched on that CPU with irqs off.  Cleared when the M is scheduled out, so it is
 * always the current one and cannot be freed while it stands here.
 */
struct gs_return {
	struct user_return_notifier notifier;
	struct gs_machine *machine;
	bool registered;
};

static DEFINE_PER_CPU(struct gs_return, gs_return);
static DEFINE_PER_CPU(struct irq_work, gs_return_irq);

static void gs_return_interrupt(struct irq_work *work)
{
	/* Taken in user mode, it leads back to the exit path: nothing else to do. */
}

/*
 * Any context but sched_out; domain->lock may be held.  The caller knows that @m
 * is registered, so the reference dropped here is never the last one.
 */
void gs_trap_arm(struct gs_machine *m)
{
	if (test_and_set_bit(0, &m->trap_armed))
		return;
	kref_get(&m->ref);
	/* Fails when the thread is past its last return to user mode. */
	if (task_work_add(m->task, &m->trap, TWA_RESUME | TWAF_NO_ALLOC))
		WARN_ON_ONCE(refcount_dec_and_test(&m->ref.refcount));
}

static void gs_return_fire(struct user_return_notifier *notifier)
{
	struct gs_return *r = container_of(notifier, struct gs_return, notifier);
	struct gs_machine *m = r->machine;

	user_return_notifier_unregister(notifier);
	r->registered = false;
	r->machine = NULL;
	if (!m)
		return;
	gs_trap_arm(m);
	irq_work_queue(this_cpu_ptr(&gs_return_irq));
}

/* Stop @m, the current thread, when it really returns to user mode. */
void gs_trap_on_return(struct gs_machine *m)
{
	struct gs_return *r;
	unsigned long flags;

	local_irq_save(flags);
	r = this_cpu_ptr(&gs_return);
	r->machine = m;
	if (!r->registered) {
		user_return_notifier_register(&r->notifier);
		r->registered = true;
	}
	local_irq_restore(flags);
}

/* @m, the current thread, leaves this CPU or is an M no longer.  Preemption off. */
void gs_trap_forget(struct gs_machine *m)
{
	unsigned long flags;

	if (likely(__this_cpu_read(gs_return.machine) != m))
		return;
	local_irq_save(flags);
	__this_cpu_write(gs_return.machine, NULL);
	local_irq_restore(flags);
	m->missed_return = true;
}

/* Is there a reason to stop @m on its way to user mode? */
bool gs_trap_is_due(const struct gs_machine *m)
{
	return !READ_ONCE(m->proc) || READ_ONCE(m->preempt) || READ_ONCE(m->retire) ||
	       !gs_domain_is_live(m->domain);
}

/* The CPU goes offline, or the module goes: no M runs here, but the notifier may wait. */
static int gs_return_remove(unsigned int cpu)
{
	struct gs_return *r = per_cpu_ptr(&gs_return, cpu);
	unsigned long flags;

	local_irq_save(flags);
	if (r->registered) {
		user_return_notifier_unregister(&r->notifier);
		r->registered = false;
	}
	local_irq_restore(flags);
	return 0;
}

static enum cpuhp_state gs_cpuhp;

int gs_trap_init(void)
{
	int cpu, ret;

	/* A module's per-CPU data is not relocated: no pointer can be in its initialiser. */
	for_each_possible_cpu(cpu) {
		per_cpu(gs_return, cpu).notifier.on_user_return = gs_return_fire;
		per_cpu(gs_return_irq, cpu) = IRQ_WORK_INIT_HARD(gs_return_interrupt);
	}
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "gosched:online", NULL, gs_return_remove);
	if (ret < 0)
		return ret;
	gs_cpuhp = ret;
	return 0;
}

void gs_trap_exit(void)
{
	int cpu;

	cpuhp_remove_state(gs_cpuhp);
	for_each_possible_cpu(cpu)
		irq_work_sync(per_cpu_ptr(&gs_return_irq, cpu));
}

/* The slice of @m has ended.  True when it has lost its P and must wait. */
static bool gs_trap_preempt(struct gs_machine *m, struct gs_kick *kick)
{
	struct gs_domain *d = m->domain;

	lockdep_assert_held(&d->lock);
	m->preempt = false;
	if (READ_ONCE(m->slot->crit)) {
		/* Only the M itself writes the flags, and that is us. */
		WRITE_ONCE(m->slot->flags, READ_ONCE(m->slot->flags) | GOSCHED_M_NEED_RESCHED);
		gs_count(d, GS_STAT_DEFERRED);
		return false;
	}
	return gs_proc_end_slice(m, GS_STAT_PREEMPTIONS, kick);
}

/* @m has come back without a P.  True when it must wait for one. */
static bool gs_trap_stop(struct gs_machine *m, struct gs_kick *kick)
{
	struct gs_domain *d = m->domain;
	struct gs_proc *p = gs_proc_idle(d);

	lockdep_assert_held(&d->lock);
	gs_count(d, GS_STAT_TRAPS);
	gs_machine_set_state(m, GS_M_WAITING);
	if (!p)
		return true;
	gs_proc_grant(p, m, kick);
	/* No need to wake the current thread, which is awake. */
	kick->machine = NULL;
	return false;
}

/* The M is on its way to user mode.  -EINTR: it goes on without a P. */
static int gs_trap_hold(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;
	unsigned long flags = gs_lock(d);
	struct gs_kick kick = {};
	bool wait = false;

	if (!gs_domain_is_live(d))
		;
	else if (m->state == GS_M_RUNNING && m->preempt)
		wait = gs_trap_preempt(m, &kick);
	else if (m->state == GS_M_BLOCKED || m->state == GS_M_SPARE)
		wait = gs_trap_stop(m, &kick);
	gs_unlock(d, flags, &kick);

	return wait ? gs_machine_sleep(m) : 0;
}

/* Send the M to its retire entry, if it was asked to and is in user code proper. */
static void gs_trap_retire(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;
	unsigned long flags = gs_lock(d);
	bool retire = m->retire;

	if (retire && READ_ONCE(m->slot->crit)) {
		WRITE_ONCE(m->slot->flags, READ_ONCE(m->slot->flags) | GOSCHED_M_NEED_RESCHED);
		/* It need not say when it leaves the section: look again. */
		hrtimer_start(&m->grace, ns_to_ktime(GS_RETIRE_RETRY_NS),
			      HRTIMER_MODE_REL_PINNED_HARD);
		retire = false;
	}
	if (retire)
		m->retire = false;
	gs_unlock(d, flags, NULL);

	if (retire)
		gs_user_jump(m->retire_ip, m->retire_sp);
}

static void gs_trap_run(struct gs_machine *m)
{
	struct gs_domain *d = m->domain;

	if (current->flags & PF_EXITING || fatal_signal_pending(current))
		return;
	if (READ_ONCE(m->state) == GS_M_GONE)
		return;
	/* The file is closed, or this is another program by now. */
	if (READ_ONCE(d->state) == GS_DOMAIN_CLOSED || current->mm != d->mm) {
		gs_machine_detach(m);
		return;
	}
	if (READ_ONCE(gs_notrap))
		return;
	if (test_thread_flag(TIF_NOTIFY_RESUME)) {
		gs_trap_on_return(m);
		return;
	}
	if (gs_trap_hold(m) == -EINTR)
		gs_trap_on_return(m);
	if (!gs_domain_is_live(d))
		gs_trap_retire(m);
}

void gs_trap(struct callback_head *head)
{
	struct gs_machine *m = container_of(head, struct gs_machine, trap);

	/*
	 * Last of the batch, please: a delayed fput or a completion of io_uring
	 * must not wait for a P.  task_work_run() comes back for what is added.
	 */
	if (head->next && !task_work_add(current, head, TWA_NONE))
		return;

	clear_bit(0, &m->trap_armed);
	/*
	 * Pairs with test_and_set_bit() in gs_trap_arm(): an arming from here on queues
	 * anew, and what an earlier one was for is seen below.
	 */
	smp_mb__after_atomic();
	gs_trap_run(m);
	gs_machine_put(m);
}

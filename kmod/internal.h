/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Types and functions shared by the files of the module.
 *
 * Locks
 * -----
 * domain->lock (raw, irqs off) is the only lock of the scheduling paths.  It
 * nests inside the runqueue lock (sched_out takes it), therefore nobody is ever
 * woken, and no RCU callback, work or io_uring completion queued, while it is
 * held: what is to be woken travels in a struct gs_kick and is sent after the
 * lock was dropped.  hrtimers may be started and task work be added under it.
 * domain->setup_lock (mutex) makes SETUP happen once and one PROCS at a time.
 *
 * Field legend
 * ------------
 * L  read and written under domain->lock
 * R  written under domain->lock, read anywhere with READ_ONCE
 * S  set at birth (or by SETUP, before the state says LIVE), constant then
 * M  written only by the M's own thread, read by it (and racily by debugfs)
 *
 * Lifetime
 * --------
 * A domain is referenced by its open file and by each M.  An M is referenced by
 * its registration (dropped when it detaches or dies), by a queued trap, and by a
 * pending io_uring WAIT.  An M is freed one RCU grace period after its last
 * reference, so a pointer taken under domain->lock stays valid in the RCU read
 * section around it.
 */
#ifndef GS_INTERNAL_H
#define GS_INTERNAL_H

#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/workqueue.h>

#include <linux/gosched.h>

struct dentry;
struct file;
struct gs_domain;
struct gs_machine;
struct io_uring_cmd;
struct vm_area_struct;

/*
 * State of a domain.  Only moves downwards.
 *
 * GS_DOMAIN_NEW       Opened, no P's yet.
 * GS_DOMAIN_LIVE      Set up; the invariants hold.
 * GS_DOMAIN_SHUTDOWN  Nobody is held back any more, no P is granted.
 * GS_DOMAIN_CLOSED    The file is gone; M's detach when they next come by.
 */
enum gs_domain_state {
	GS_DOMAIN_NEW,
	GS_DOMAIN_LIVE,
	GS_DOMAIN_SHUTDOWN,
	GS_DOMAIN_CLOSED,
};

/*
 * State of an M.
 *
 * GS_M_NEW       Registered, has not waited for a P yet.  Holds none, is on no list,
 *                may run user code.
 * GS_M_RUNNING   Holds a P.  In user code, or in the kernel without having slept, or
 *                asleep in a critical section, or just granted and about to wake.
 * GS_M_BLOCKING  Fell asleep holding a P and still holds it; the hand-off is pending
 *                (irq work or timer).  Back to RUNNING if it wakes first.
 * GS_M_BLOCKED   Holds no P and is on no list: asleep in the kernel, or awake and on
 *                its way to user mode, where the trap waits.
 * GS_M_WAITING   In the trap or in YIELD, on domain->waiting.  Whoever grants a P
 *                takes it off.
 * GS_M_SPARE     In WAIT, on domain->spares, without a goroutine.  Whoever grants a
 *                P takes it off.
 * GS_M_GONE      Detached or dead.  On no list, holds nothing.
 */
enum gs_machine_state {
	GS_M_NEW,
	GS_M_RUNNING,
	GS_M_BLOCKING,
	GS_M_BLOCKED,
	GS_M_WAITING,
	GS_M_SPARE,
	GS_M_GONE,
	GS_M_NR_STATES,
};

/* Counters of a domain; shown in debugfs `counters` by gs_stat_names. */
enum gs_stat {
	GS_STAT_BLOCKS,		/* an M fell asleep holding a P */
	GS_STAT_HANDOFFS,	/* ... and lost it */
	GS_STAT_KEPT,		/* ... and was back first */
	GS_STAT_RETURNS,	/* an M woke up without a P */
	GS_STAT_TRAPS,		/* an M was stopped on its way to user mode */
	GS_STAT_PREEMPTIONS,	/* a P was taken at the end of a slice */
	GS_STAT_DEFERRED,	/* a slice ended in a critical section */
	GS_STAT_YIELDS,		/* a P was given up before the end of its slice */
	GS_STAT_RINGS,		/* an idle P was given to a spare M */
	GS_STAT_IDLE_WITH_WORK_NS, /* time P's were idle though work waited */
	GS_STAT_NR,
};

/**
 * struct gs_proc - a P.
 * @domain:     S: its domain.
 * @id:         S: its number.
 * @slot:       S: its shared slot.
 * @machine:    L: the M that holds it, or NULL.
 * @idle:       L: nobody holds it and it is counted in domain->nr_idle.  A P that
 *              is neither held nor idle is out of use.
 * @spare_turn: L: an M went before the run queue last time: the queue is next.
 * @timer_on:   L: @timer is queued or its callback running.
 * @tick:       L: slot->tick when the slice began.
 * @slice_end:  L: CLOCK_MONOTONIC ns.
 * @idle_since: L: idle with work waiting since then, 0 otherwise.
 * @timer:      fires at the end of a slice at the latest; left running over
 *              hand-offs, so that these cost no timer operation.  Dies out while the
 *              M is not on a CPU.
 */
struct gs_proc {
	struct gs_domain *domain;
	u32 id;
	struct gosched_pslot *slot;
	struct gs_machine *machine;
	bool idle;
	bool spare_turn;
	bool timer_on;
	u32 tick;
	u64 slice_end;
	u64 idle_since;
	struct hrtimer timer;
};

/**
 * struct gs_machine - an M.
 * @domain:     S: its domain (a reference).
 * @task:       S: its thread (a reference).
 * @id:         S: its number.
 * @slot:       S: its shared slot.
 * @retire_ip:  S: see &struct gosched_register.
 * @retire_sp:  S
 * @state:      R
 * @proc:       R: the P that it holds, or NULL.
 * @entry:      L: in domain->waiting or domain->spares.
 * @wait_cmd:   L: pending io_uring WAIT, or NULL.
 * @preempt:    L: its slice has ended; the trap is to take the P.
 * @in_turn:    L: its wait was interrupted: it goes to the head of the queue again.
 * @retire:     L: to go on at @retire_ip.
 * @oncpu:      M: not switched out; read by the slice timer.
 * @missed_return: M: was switched out before it came to the user return notifier.
 * @parked:     M: sleeps in this module (trap, WAIT, YIELD); not a block.
 * @dead:       M: the thread has been scheduled for the last time.
 * @long_blocks: M: 0..3, how the last blocks went: see policy.h.
 * @block_start: M: CLOCK_MONOTONIC ns.
 * @trap_armed: bit 0: @trap is queued (and holds a reference).
 * @trap:       task work: the trap.
 * @notifier:   preempt notifier, registered for life.
 * @work:       irq work: hand-off at once, or what is left to do after death.
 * @grace:      timer: hand-off after a short while; another try to retire it.
 * @ref:        see "Lifetime".
 * @free:       frees it.
 */
struct gs_machine {
	struct gs_domain *domain;
	struct task_struct *task;
	u32 id;
	struct gosched_mslot *slot;
	u64 retire_ip;
	u64 retire_sp;

	enum gs_machine_state state;
	struct gs_proc *proc;
	struct list_head entry;
	struct io_uring_cmd *wait_cmd;
	bool preempt;
	bool in_turn;
	bool retire;

	bool oncpu;
	bool missed_return;
	bool parked;
	bool dead;
	u8 long_blocks;
	u64 block_start;

	unsigned long trap_armed;
	struct callback_head trap;
	struct preempt_notifier notifier;
	struct irq_work work;
	struct hrtimer grace;
	struct kref ref;
	struct rcu_work free;
};

/**
 * struct gs_domain - one open file of /dev/gosched.
 * @lock:        see "Locks".
 * @setup_lock:  SETUP.
 * @state:       R: &enum gs_domain_state.
 * @mm:          S: address space it is bound to (mm_count reference).
 * @tgid:        S: process it is bound to.
 * @ref:         see "Lifetime".
 * @slice_ns:    S
 * @max_procs:   S
 * @max_machines: S
 * @nr_procs:    R: P's in use: those with a smaller number.
 * @procs:       S: max_procs P's.
 * @machines:    L: max_machines pointers, by number.
 * @waiting:     L: M's whose block or slice has ended, first come first served.
 * @spares:      L: M's without a goroutine, last come first served.
 * @nr_idle, @nr_waiting, @nr_spares: L: published in the header.
 * @header:      S: the shared slots.
 * @map_size:    S: their length in bytes, whole pages.
 * @stat:        L: counters.
 * @dir:         S: its folder in debugfs.
 * @free:        frees it.
 */
struct gs_domain {
	raw_spinlock_t lock;
	struct mutex setup_lock; /* SETUP and PROCS */
	enum gs_domain_state state;
	struct mm_struct *mm;
	pid_t tgid;
	struct kref ref;

	u64 slice_ns;
	u32 max_procs;
	u32 max_machines;
	u32 nr_procs;
	struct gs_proc *procs;
	struct gs_machine **machines;
	struct list_head waiting;
	struct list_head spares;
	u32 nr_idle;
	u32 nr_waiting;
	u32 nr_spares;

	struct gosched_header *header;
	size_t map_size;

	u64 stat[GS_STAT_NR];
	struct dentry *dir;
	struct work_struct free;
};

/*
 * An M to wake once domain->lock is dropped, by completing its io_uring WAIT with
 * @status where it has one; see gs_kick_send().
 */
struct gs_kick {
	struct gs_machine *machine;
	struct io_uring_cmd *cmd;
	int status;
};

/* main.c */
extern bool gs_notrap;
extern struct workqueue_struct *gs_wq;

/* dev.c */
int gs_dev_init(void);
void gs_dev_exit(void);

/* cmd.c: long is what ioctl returns */
long gs_cmd_run(struct file *file, unsigned int cmd, void __user *arg);
int gs_cmd_check_plain(const struct gosched_plain *arg, u32 flags);
int gs_cmd_check_setup(const struct gosched_setup *arg);
int gs_cmd_check_register(const struct gosched_register *arg);

/* uring.c */
int gs_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int issue_flags);
void gs_uring_complete(struct io_uring_cmd *ioucmd, int status);

/* domain.c */
struct gs_domain *gs_domain_alloc(void);
int gs_domain_setup(struct gs_domain *d, struct gosched_setup *arg);
void gs_domain_put(struct gs_domain *d);
bool gs_domain_is_mine(const struct gs_domain *d);
void gs_domain_shutdown(struct gs_domain *d, bool retire);
int gs_domain_ring(struct gs_domain *d);
void gs_domain_close(struct gs_domain *d);
int gs_domain_set_procs(struct gs_domain *d, u32 *nr);

static inline bool gs_domain_is_live(const struct gs_domain *d)
{
	return READ_ONCE(d->state) == GS_DOMAIN_LIVE;
}

/* slot.c */
int gs_slot_alloc(struct gs_domain *d);
void gs_slot_free(struct gs_domain *d);
int gs_slot_mmap(struct gs_domain *d, struct vm_area_struct *vma);
void gs_slot_publish(struct gs_domain *d);
struct gosched_pslot *gs_slot_proc(struct gs_domain *d, u32 id);
struct gosched_mslot *gs_slot_machine(struct gs_domain *d, u32 id);
bool gs_slot_has_work(struct gs_domain *d);

/* proc.c; all but init and stop with domain->lock held */
void gs_proc_init(struct gs_proc *p, struct gs_domain *d, u32 id);
void gs_proc_stop(struct gs_proc *p);
struct gs_proc *gs_proc_idle(struct gs_domain *d);
struct gs_machine *gs_proc_choose(struct gs_proc *p);
void gs_proc_grant(struct gs_proc *p, struct gs_machine *m, struct gs_kick *kick);
struct gs_proc *gs_proc_take(struct gs_machine *m);
void gs_proc_resume(struct gs_machine *m);
void gs_proc_pass(struct gs_proc *p, struct gs_kick *kick);
void gs_proc_fill(struct gs_domain *d, struct gs_kick *kick);
bool gs_proc_end_slice(struct gs_machine *m, enum gs_stat why, struct gs_kick *kick);
void gs_kick_send(struct gs_kick *kick);

/* machine.c */
extern const char *const gs_machine_state_names[GS_M_NR_STATES];
struct gs_machine *gs_machine_self(void);
int gs_machine_register(struct gs_domain *d, struct gosched_register *arg);
void gs_machine_detach(struct gs_machine *m);
void gs_machine_bury(struct gs_machine *m);
void gs_machine_put(struct gs_machine *m);
void gs_machine_set_state(struct gs_machine *m, enum gs_machine_state state);
int gs_machine_wait(struct gs_machine *m);
bool gs_machine_begin_wait(struct gs_machine *m, struct io_uring_cmd *cmd, struct gs_kick *kick);
int gs_machine_yield(struct gs_machine *m);
int gs_machine_sleep(struct gs_machine *m);

/* handoff.c */
extern struct preempt_ops gs_preempt_ops;
void gs_handoff_work(struct irq_work *work);
enum hrtimer_restart gs_handoff_timer(struct hrtimer *timer);

/* trap.c */
void gs_trap(struct callback_head *head);
void gs_trap_arm(struct gs_machine *m);
void gs_trap_on_return(struct gs_machine *m);
void gs_trap_forget(struct gs_machine *m);
bool gs_trap_is_due(const struct gs_machine *m);
int gs_trap_init(void);
void gs_trap_exit(void);

/* debugfs.c */
extern const char *const gs_stat_names[GS_STAT_NR];
void gs_debugfs_init(void);
void gs_debugfs_exit(void);
void gs_debugfs_add(struct gs_domain *d);
void gs_debugfs_remove(struct gs_domain *d);

static inline void gs_count(struct gs_domain *d, enum gs_stat stat)
{
	lockdep_assert_held(&d->lock);
	d->stat[stat]++;
}

/*
 * The pair that every scheduling path is made of: decide under the lock, wake
 * afterwards.  The RCU section keeps the M to be woken in memory in between.
 * Any context but sched_out.
 */
static inline unsigned long gs_lock(struct gs_domain *d)
	__acquires(&d->lock)
{
	unsigned long flags;

	rcu_read_lock();
	raw_spin_lock_irqsave(&d->lock, flags);
	return flags;
}

static inline void gs_unlock(struct gs_domain *d, unsigned long flags, struct gs_kick *kick)
	__releases(&d->lock)
{
	raw_spin_unlock_irqrestore(&d->lock, flags);
	if (kick)
		gs_kick_send(kick);
	rcu_read_unlock();
}

#endif /* GS_INTERNAL_H */

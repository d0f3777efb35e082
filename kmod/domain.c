// SPDX-License-Identifier: GPL-2.0
/*
 * A domain: birth, set-up, number of P's, shutdown, death.
 */
#include <kunit/visibility.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "internal.h"
#include "policy.h"

static void gs_domain_free(struct work_struct *work)
{
	struct gs_domain *d = container_of(work, struct gs_domain, free);

	if (d->header)
		gs_slot_free(d);
	kvfree(d->machines);
	kvfree(d->procs);
	mmdrop(d->mm);
	kfree(d);
	module_put(THIS_MODULE);
}

static void gs_domain_release(struct kref *ref)
{
	struct gs_domain *d = container_of(ref, struct gs_domain, ref);

	queue_work(gs_wq, &d->free);
}

void gs_domain_put(struct gs_domain *d)
{
	kref_put(&d->ref, gs_domain_release);
}

/* A new domain, bound to the current process. */
struct gs_domain *gs_domain_alloc(void)
{
	struct gs_domain *d;

	if (!current->mm)
		return ERR_PTR(-EPERM);
	d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return ERR_PTR(-ENOMEM);
	/* M's may outlive the file, and with it the reference that it holds. */
	__module_get(THIS_MODULE);
	raw_spin_lock_init(&d->lock);
	mutex_init(&d->setup_lock);
	d->state = GS_DOMAIN_NEW;
	d->mm = current->mm;
	mmgrab(d->mm);
	d->tgid = current->tgid;
	kref_init(&d->ref);
	INIT_LIST_HEAD(&d->waiting);
	INIT_LIST_HEAD(&d->spares);
	INIT_WORK(&d->free, gs_domain_free);
	return d;
}

/* Does the calling process own @d?  A vfork child has our mm, but not our tgid. */
bool gs_domain_is_mine(const struct gs_domain *d)
{
	return current->mm == d->mm && current->tgid == d->tgid;
}

static int gs_domain_alloc_procs(struct gs_domain *d)
{
	u32 id;

	d->procs = kvcalloc(d->max_procs, sizeof(*d->procs), GFP_KERNEL_ACCOUNT);
	d->machines = kvcalloc(d->max_machines, sizeof(*d->machines), GFP_KERNEL_ACCOUNT);
	if (!d->procs || !d->machines || gs_slot_alloc(d)) {
		kvfree(d->machines);
		kvfree(d->procs);
		d->machines = NULL;
		d->procs = NULL;
		return -ENOMEM;
	}
	for (id = 0; id < d->max_procs; id++)
		gs_proc_init(&d->procs[id], d, id);
	return 0;
}

int gs_domain_setup(struct gs_domain *d, struct gosched_setup *arg)
{
	unsigned long flags;
	int ret;

	mutex_lock(&d->setup_lock);
	if (d->state != GS_DOMAIN_NEW) {
		mutex_unlock(&d->setup_lock);
		return -EBUSY;
	}
	d->nr_procs = arg->nr_procs;
	d->max_procs = arg->max_procs ?: arg->nr_procs;
	d->max_machines = arg->max_machines;
	d->slice_ns = arg->slice_ns ?: GOSCHED_DEFAULT_SLICE_NS;
	ret = gs_domain_alloc_procs(d);
	if (ret) {
		mutex_unlock(&d->setup_lock);
		return ret;
	}
	gs_debugfs_add(d);
	flags = gs_lock(d);
	gs_slot_publish(d);
	/* Pairs with the acquires of those who ask without the lock. */
	smp_store_release(&d->state, GS_DOMAIN_LIVE);
	gs_unlock(d, flags, NULL);
	mutex_unlock(&d->setup_lock);

	arg->map_size = d->map_size;
	return 0;
}

/* RING */
int gs_domain_ring(struct gs_domain *d)
{
	unsigned long flags = gs_lock(d);
	struct gs_kick kick = {};
	struct gs_proc *p = gs_proc_idle(d);
	struct gs_machine *m = list_first_entry_or_null(&d->spares, struct gs_machine, entry);
	int ret = 0;

	if (!gs_domain_is_live(d)) {
		ret = -ESHUTDOWN;
	} else if (!p) {
		ret = -EAGAIN;
	} else if (!m) {
		ret = -ENOENT;
		if (!p->idle_since)
			p->idle_since = ktime_get_mono_fast_ns();
	} else {
		gs_count(d, GS_STAT_RINGS);
		gs_proc_grant(p, m, &kick);
	}
	gs_unlock(d, flags, &kick);
	return ret;
}

/* Take @p into use.  Under the lock. */
static void gs_domain_add_proc(struct gs_domain *d, struct gs_proc *p, struct gs_kick *kick)
{
	lockdep_assert_held(&d->lock);
	/* Not held by an M that has not been told yet that it is out of use. */
	if (!p->machine)
		gs_proc_pass(p, kick);
}

/* Take @p out of use: at once if it is idle, else when its M next loses it. */
static void gs_domain_drop_proc(struct gs_domain *d, struct gs_proc *p)
{
	lockdep_assert_held(&d->lock);
	if (p->idle) {
		p->idle = false;
		p->idle_since = 0;
		d->nr_idle--;
	} else if (p->machine) {
		p->machine->preempt = true;
		gs_trap_arm(p->machine);
	}
}

/* PROCS: *@nr is the new number or 0, and becomes the old one. */
int gs_domain_set_procs(struct gs_domain *d, u32 *nr)
{
	u32 want = *nr, old, id;
	unsigned long flags;

	if (want > d->max_procs)
		return -EINVAL;
	mutex_lock(&d->setup_lock);
	if (!gs_domain_is_live(d)) {
		mutex_unlock(&d->setup_lock);
		return -ESHUTDOWN;
	}
	old = d->nr_procs;
	*nr = old;
	if (want && want < old) {
		flags = gs_lock(d);
		WRITE_ONCE(d->nr_procs, want);
		for (id = want; id < old; id++)
			gs_domain_drop_proc(d, &d->procs[id]);
		gs_slot_publish(d);
		gs_unlock(d, flags, NULL);
	}
	for (id = old; id < want; id++) {
		struct gs_kick kick = {};

		flags = gs_lock(d);
		WRITE_ONCE(d->nr_procs, id + 1);
		gs_domain_add_proc(d, &d->procs[id], &kick);
		gs_slot_publish(d);
		gs_unlock(d, flags, &kick);
	}
	mutex_unlock(&d->setup_lock);
	return 0;
}

/*
 * Let an M go: it sleeps in this module no longer, nor does its WAIT.  In all cases
 * it comes by the trap once more, where it finds out what has happened.
 */
static void gs_domain_let_go(struct gs_domain *d, u32 id, bool retire)
{
	unsigned long flags = gs_lock(d);
	struct gs_kick kick = { .status = -ESHUTDOWN };
	struct gs_machine *m = d->machines[id];

	if (m) {
		if (READ_ONCE(m->parked))
			kick.machine = m;
		kick.cmd = m->wait_cmd;
		m->wait_cmd = NULL;
		if (kick.cmd && m->state == GS_M_SPARE)
			gs_machine_set_state(m, GS_M_BLOCKED);
		if (retire && m->retire_ip)
			m->retire = true;
		gs_trap_arm(m);
	}
	gs_unlock(d, flags, &kick);
}

static void gs_domain_end(struct gs_domain *d, enum gs_domain_state state, bool retire)
{
	unsigned long flags = gs_lock(d);
	u32 id;

	WRITE_ONCE(d->state, state);
	gs_unlock(d, flags, NULL);
	/*
	 * Pairs with set_current_state() in gs_machine_sleep(): either the M sees
	 * the new state or we see that it is parked.
	 */
	smp_mb();
	for (id = 0; id < d->max_machines; id++)
		gs_domain_let_go(d, id, retire);
}

/* SHUTDOWN: may be said again, to retire M's after a while of grace. */
void gs_domain_shutdown(struct gs_domain *d, bool retire)
{
	gs_domain_end(d, GS_DOMAIN_SHUTDOWN, retire);
}

/* The last reference to the file is gone, and with it every mapping. */
void gs_domain_close(struct gs_domain *d)
{
	u32 id;

	if (d->state != GS_DOMAIN_NEW) {
		gs_domain_end(d, GS_DOMAIN_CLOSED, false);
		gs_debugfs_remove(d);
		for (id = 0; id < d->max_procs; id++)
			gs_proc_stop(&d->procs[id]);
	}
	gs_domain_put(d);
}

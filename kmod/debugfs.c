// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/gosched/<tgid>-<n>/{procs,machines,counters}: what goes on in
 * a domain.  For people; not an interface that is kept stable.
 *
 * Everything is copied under domain->lock first, a consistent picture, and printed
 * afterwards.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "internal.h"

static struct dentry *gs_debugfs_root;

const char *const gs_stat_names[GS_STAT_NR] = {
	[GS_STAT_BLOCKS]		= "blocks",
	[GS_STAT_HANDOFFS]		= "handoffs",
	[GS_STAT_KEPT]			= "kept",
	[GS_STAT_RETURNS]		= "returns",
	[GS_STAT_TRAPS]			= "traps",
	[GS_STAT_PREEMPTIONS]		= "preemptions",
	[GS_STAT_DEFERRED]		= "deferred",
	[GS_STAT_YIELDS]		= "yields",
	[GS_STAT_RINGS]			= "rings",
	[GS_STAT_IDLE_WITH_WORK_NS]	= "idle_with_work_ns",
};

/* One line of `procs`. */
struct gs_proc_view {
	const char *state;
	int machine;
	u64 goroutine;
	u32 runnable;
};

static const char *gs_proc_state(const struct gs_proc *p)
{
	if (p->machine)
		return p->machine->state == GS_M_BLOCKING ? "blocking" : "running";
	return p->idle ? "idle" : "unused";
}

static int procs_show(struct seq_file *s, void *unused)
{
	struct gs_domain *d = s->private;
	struct gs_proc_view *views;
	unsigned long flags;
	u32 id;

	views = kvcalloc(d->max_procs, sizeof(*views), GFP_KERNEL);
	if (!views)
		return -ENOMEM;
	flags = gs_lock(d);
	for (id = 0; id < d->max_procs; id++) {
		const struct gs_proc *p = &d->procs[id];
		const struct gs_machine *m = p->machine;

		views[id].state = gs_proc_state(p);
		views[id].machine = m ? m->id : -1;
		views[id].goroutine = m ? READ_ONCE(m->slot->goroutine) : 0;
		views[id].runnable = READ_ONCE(p->slot->runnable);
	}
	gs_unlock(d, flags, NULL);

	seq_puts(s, "proc state    machine goroutine runnable\n");
	for (id = 0; id < d->max_procs; id++)
		seq_printf(s, "%4u %-8s %7d %9llu %8u\n", id, views[id].state,
			   views[id].machine, views[id].goroutine, views[id].runnable);
	kvfree(views);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(procs);

/* One line of `machines`. */
struct gs_machine_view {
	u32 id;
	pid_t tid;
	enum gs_machine_state state;
	int proc;
	u64 goroutine;
};

static u32 gs_machines_copy(struct gs_domain *d, struct gs_machine_view *views)
{
	unsigned long flags = gs_lock(d);
	u32 id, nr = 0;

	for (id = 0; id < d->max_machines; id++) {
		const struct gs_machine *m = d->machines[id];

		if (!m)
			continue;
		views[nr++] = (struct gs_machine_view) {
			.id = id,
			.tid = task_pid_nr(m->task),
			.state = m->state,
			.proc = m->proc ? m->proc->id : -1,
			.goroutine = READ_ONCE(m->slot->goroutine),
		};
	}
	gs_unlock(d, flags, NULL);
	return nr;
}

static int machines_show(struct seq_file *s, void *unused)
{
	struct gs_domain *d = s->private;
	struct gs_machine_view *views;
	u32 i, nr;

	views = kvcalloc(d->max_machines, sizeof(*views), GFP_KERNEL);
	if (!views)
		return -ENOMEM;
	nr = gs_machines_copy(d, views);
	seq_puts(s, "machine     tid state    proc goroutine\n");
	for (i = 0; i < nr; i++)
		seq_printf(s, "%7u %7d %-8s %4d %9llu\n", views[i].id, views[i].tid,
			   gs_machine_state_names[views[i].state], views[i].proc,
			   views[i].goroutine);
	kvfree(views);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(machines);

static int counters_show(struct seq_file *s, void *unused)
{
	struct gs_domain *d = s->private;
	u64 stat[GS_STAT_NR];
	unsigned long flags;
	int i;

	flags = gs_lock(d);
	memcpy(stat, d->stat, sizeof(stat));
	gs_unlock(d, flags, NULL);
	for (i = 0; i < GS_STAT_NR; i++)
		seq_printf(s, "%-18s %llu\n", gs_stat_names[i], stat[i]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

void gs_debugfs_add(struct gs_domain *d)
{
	static atomic_t number;
	char name[32];

	snprintf(name, sizeof(name), "%d-%d", d->tgid, atomic_inc_return(&number));
	d->dir = debugfs_create_dir(name, gs_debugfs_root);
	debugfs_create_file("procs", 0400, d->dir, d, &procs_fops);
	debugfs_create_file("machines", 0400, d->dir, d, &machines_fops);
	debugfs_create_file("counters", 0400, d->dir, d, &counters_fops);
}

/* Waits for readers. */
void gs_debugfs_remove(struct gs_domain *d)
{
	debugfs_remove_recursive(d->dir);
}

void gs_debugfs_init(void)
{
	gs_debugfs_root = debugfs_create_dir("gosched", NULL);
}

void gs_debugfs_exit(void)
{
	debugfs_remove_recursive(gs_debugfs_root);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * gosched: loading, unloading, parameters.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "internal.h"

bool gs_notrap;
module_param_named(notrap, gs_notrap, bool, 0600);
MODULE_PARM_DESC(notrap, "let M's run user code without a P (only to show that the tests notice)");

/* Frees domains and M's; its own queue so that unloading can wait for it. */
struct workqueue_struct *gs_wq;

static int __init gs_init(void)
{
	int ret;

	gs_wq = alloc_workqueue("gosched", WQ_UNBOUND, 0);
	if (!gs_wq)
		return -ENOMEM;
	ret = gs_trap_init();
	if (ret)
		goto no_trap;
	gs_debugfs_init();
	preempt_notifier_inc();
	ret = gs_dev_init();
	if (ret)
		goto no_dev;
	return 0;

no_dev:
	preempt_notifier_dec();
	gs_debugfs_exit();
	gs_trap_exit();
no_trap:
	destroy_workqueue(gs_wq);
	return ret;
}

static void __exit gs_exit(void)
{
	gs_dev_exit();
	gs_trap_exit();
	preempt_notifier_dec();
	/* The last M's thread may have been preempted on its last steps in the trap. */
	synchronize_rcu_tasks();
	/* M's are freed by work that is queued from RCU. */
	rcu_barrier();
	destroy_workqueue(gs_wq);
	gs_debugfs_exit();
}

module_init(gs_init);
module_exit(gs_exit);

MODULE_DESCRIPTION("Goroutine scheduling as a kernel service");
MODULE_AUTHOR("The gosched developers");
MODULE_LICENSE("GPL");

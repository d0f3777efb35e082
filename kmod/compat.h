/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernel versions, and the one place that knows the
 * architecture.
 */
#ifndef GS_COMPAT_H
#define GS_COMPAT_H

#include <linux/io_uring/cmd.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/version.h>

#include <asm/processor-flags.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0) || LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#error "gosched supports Linux 6.12 so far"
#endif

#if !defined(CONFIG_PREEMPT_NOTIFIERS) || !defined(CONFIG_USER_RETURN_NOTIFIER)
#error "gosched needs PREEMPT_NOTIFIERS and USER_RETURN_NOTIFIER (any kernel with KVM has them)"
#endif

#ifndef CONFIG_X86_64
#error "gosched supports x86-64 only"
#endif

/* In a preempt notifier: is @current about to sleep, rather than preempted? */
static inline bool gs_current_blocks(void)
{
	return !task_is_runnable(current);
}

/* Run @cb with @ioucmd in the task that submitted it.  Any context but sched_out. */
static inline void gs_uring_do_in_task(struct io_uring_cmd *ioucmd,
				       void (*cb)(struct io_uring_cmd *, unsigned int))
{
	io_uring_cmd_complete_in_task(ioucmd, cb);
}

/* Make the current task go on at @ip with stack @sp when it returns to user mode. */
static inline void gs_user_jump(u64 ip, u64 sp)
{
	struct pt_regs *regs = current_pt_regs();

	regs->ip = ip;
	regs->sp = sp;
	regs->flags &= ~(X86_EFLAGS_DF | X86_EFLAGS_TF);
	/* Not in a system call any more: nothing to restart. */
	regs->orig_ax = -1;
}

#endif /* GS_COMPAT_H */

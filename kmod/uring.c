// SPDX-License-Identifier: GPL-2.0
/*
 * WAIT as IORING_OP_URING_CMD.
 *
 * A pending command belongs to its M (machine->wait_cmd, under domain->lock).
 * Whoever takes it from there, under the lock, completes it: the one who grants a
 * P, shutdown, the M's death, or cancellation.  It holds a reference on the M until
 * then.
 *
 * The ring's list of cancelable commands is only safe under the ring's own lock,
 * so completion is always made by task work of the submitter (or what stands in
 * for it when that is gone), never directly from the granting context.
 */
#include <linux/io_uring/cmd.h>

#include "compat.h"
#include "internal.h"

/* What we keep in the command while it is pending. */
struct gs_uring_pdu {
	struct gs_machine *machine;
	int status;
};

static struct gs_uring_pdu *gs_uring_pdu(struct io_uring_cmd *ioucmd)
{
	static_assert(sizeof(struct gs_uring_pdu) <= sizeof(ioucmd->pdu));
	return (struct gs_uring_pdu *)ioucmd->pdu;
}

/* Task work of the submitter. */
static void gs_uring_done(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct gs_machine *m = gs_uring_pdu(ioucmd)->machine;

	io_uring_cmd_done(ioucmd, gs_uring_pdu(ioucmd)->status, 0, issue_flags);
	gs_machine_put(m);
}

/* Complete a command that was taken from its M.  Any context but sched_out. */
void gs_uring_complete(struct io_uring_cmd *ioucmd, int status)
{
	gs_uring_pdu(ioucmd)->status = status;
	gs_uring_do_in_task(ioucmd, gs_uring_done);
}

/* The ring goes away, or the task does.  Perhaps from a kworker. */
static void gs_uring_cancel(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct gs_machine *m = gs_uring_pdu(ioucmd)->machine;
	struct gs_domain *d = m->domain;
	unsigned long flags = gs_lock(d);
	bool mine = m->wait_cmd == ioucmd;

	if (mine) {
		m->wait_cmd = NULL;
		/* It waits no longer: a goroutine's M on its way to user mode. */
		if (m->state == GS_M_SPARE) {
			gs_machine_set_state(m, GS_M_BLOCKED);
			gs_trap_arm(m);
		}
	}
	gs_unlock(d, flags, NULL);

	/* Not mine: somebody else took it and its completion is under way. */
	if (!mine)
		return;
	io_uring_cmd_done(ioucmd, -ECANCELED, 0, issue_flags);
	gs_machine_put(m);
}

static int gs_uring_wait(struct gs_machine *m, struct io_uring_cmd *ioucmd,
			 unsigned int issue_flags)
{
	struct gs_domain *d = m->domain;
	struct gs_kick kick = {};
	unsigned long flags;
	bool pending;

	flags = gs_lock(d);
	if (!gs_domain_is_live(d)) {
		gs_unlock(d, flags, NULL);
		return -ESHUTDOWN;
	}
	pending = m->wait_cmd;
	if (pending) {
		/* The first one stays the one that completes. */
		if (!gs_machine_begin_wait(m, NULL, &kick))
			gs_trap_on_return(m);
		gs_unlock(d, flags, &kick);
		return 0;
	}
	kref_get(&m->ref);
	gs_uring_pdu(ioucmd)->machine = m;
	if (gs_machine_begin_wait(m, ioucmd, &kick)) {
		gs_unlock(d, flags, &kick);
		gs_machine_put(m);
		return 0;
	}
	/* In case it does not go on to wait in io_uring_enter(). */
	gs_trap_on_return(m);
	gs_unlock(d, flags, &kick);

	/*
	 * It may have been taken already, but is completed by task work of this
	 * very thread, which does not run before we are back in io_uring.
	 */
	io_uring_cmd_mark_cancelable(ioucmd, issue_flags);
	return -EIOCBQUEUED;
}

int gs_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	const struct gosched_plain *sqe_arg = io_uring_sqe_cmd(ioucmd->sqe);
	struct gs_domain *d = ioucmd->file->private_data;
	struct gosched_plain arg;
	struct gs_machine *m;

	if (issue_flags & IO_URING_F_CANCEL) {
		gs_uring_cancel(ioucmd, issue_flags);
		return 0;
	}
	if (ioucmd->cmd_op != GOSCHED_IOC_WAIT)
		return -ENOTTY;
	if (!gs_domain_is_mine(d))
		return -EPERM;

	/* The ring is shared with user space: read each field once. */
	arg.size = READ_ONCE(sqe_arg->size);
	arg.flags = READ_ONCE(sqe_arg->flags);
	arg.reserved = READ_ONCE(sqe_arg->reserved);
	if (arg.size < sizeof(arg))
		return -EINVAL;
	if (arg.size > sizeof(arg))
		return -E2BIG;
	if (gs_cmd_check_plain(&arg, 0))
		return -EINVAL;

	/* Issued by a worker of io_uring, the caller is no M. */
	m = gs_machine_self();
	if (!m || m->domain != d)
		return -ENXIO;
	return gs_uring_wait(m, ioucmd, issue_flags);
}

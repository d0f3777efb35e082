/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * gosched: goroutine scheduling as a kernel service.
 *
 * This header is the whole interface between user space and the module.
 *
 * A *domain* is one open file of /dev/gosched, bound to the process that opened
 * it.  A domain has N *P's* (processors: the right to run goroutines), owned by
 * the kernel, and any number of *M's* (machines: threads of the process that
 * have registered).  Three rules hold at all times:
 *
 *  1. Only an M that holds a P runs user code.  An M that returns from a block
 *     without one sleeps on its way back to user mode until it is given one.
 *     (An M is exempt before its first wait and after a shutdown.)
 *  2. The kernel takes a P away only when its M blocks or when its slice has
 *     ended, and never while the M is in a critical section.
 *  3. A P with runnable goroutines is not idle while an M could run them.
 */
#ifndef _UAPI_LINUX_GOSCHED_H
#define _UAPI_LINUX_GOSCHED_H

#include <linux/const.h>
#include <linux/ioctl.h>
#include <linux/types.h>

#define GOSCHED_DEVICE		"/dev/gosched"

/* Hard limits of a domain, whatever its set-up asks for. */
#define GOSCHED_MAX_PROCS	256
#define GOSCHED_MAX_MACHINES	16384

/* A slice is between 100 us and 10 s; 0 asks for the default of 10 ms. */
#define GOSCHED_MIN_SLICE_NS	100000ULL
#define GOSCHED_MAX_SLICE_NS	10000000000ULL
#define GOSCHED_DEFAULT_SLICE_NS 10000000ULL

/* "No P", in &struct gosched_mslot.proc. */
#define GOSCHED_NO_PROC		0xffffffffU

/**
 * DOC: Commands
 *
 * Every command takes a pointer to a struct that begins with its own size, so
 * that it can grow: a shorter struct is read as if its missing fields were 0, a
 * longer one is refused with E2BIG unless the part unknown to the kernel is 0 and
 * it is no larger than a page.
 * A size below that of the first version is EINVAL.  Unknown flags and non-zero
 * reserved fields are EINVAL.  A failed command has changed nothing.
 *
 * Errors that any command may give: EFAULT (the pointer), EINVAL, E2BIG,
 * ENOTTY (no such command), EPERM (the caller is not of the process that opened
 * the device).
 */

/* Features, as reported in &struct gosched_features.features. */
#define GOSCHED_FEAT_URING_WAIT	_BITULL(0)	/* WAIT as IORING_OP_URING_CMD */
#define GOSCHED_FEAT_RETIRE	_BITULL(1)	/* GOSCHED_SHUTDOWN_RETIRE */
#define GOSCHED_FEAT_ALL	(GOSCHED_FEAT_URING_WAIT | GOSCHED_FEAT_RETIRE)

/**
 * struct gosched_features - GOSCHED_IOC_FEATURES: what this module can do.
 * @size:         in: size of this struct.
 * @flags:        in: 0.
 * @features:     out: GOSCHED_FEAT_*.
 * @max_procs:    out: largest @nr_procs a set-up may ask for.
 * @max_machines: out: largest @max_machines a set-up may ask for.
 * @min_slice_ns: out: shortest slice.
 * @max_slice_ns: out: longest slice.
 *
 * Allowed at any time, to any process.
 */
struct gosched_features {
	__u32 size;
	__u32 flags;
	__u64 features;
	__u32 max_procs;
	__u32 max_machines;
	__u64 min_slice_ns;
	__u64 max_slice_ns;
};

/**
 * struct gosched_setup - GOSCHED_IOC_SETUP: give the domain its P's.
 * @size:         in: size of this struct.
 * @flags:        in: 0.
 * @nr_procs:     in: P's to begin with, 1 .. @max_procs.
 * @max_procs:    in: P's that GOSCHED_IOC_PROCS may raise this to; 0 stands for
 *                @nr_procs.  At most GOSCHED_MAX_PROCS.
 * @max_machines: in: M's that may be registered at a time, 1 ..
 *                GOSCHED_MAX_MACHINES.
 * @reserved:     in: 0.
 * @slice_ns:     in: slice, 0 for the default.
 * @map_size:     out: length of the shared slots, to be mapped at offset 0.
 *
 * Once per domain.  EBUSY: already set up.  ENOMEM.
 */
struct gosched_setup {
	__u32 size;
	__u32 flags;
	__u32 nr_procs;
	__u32 max_procs;
	__u32 max_machines;
	__u32 reserved;
	__u64 slice_ns;
	__u64 map_size;
};

/**
 * struct gosched_register - GOSCHED_IOC_REGISTER: the calling thread becomes an M.
 * @size:      in: size of this struct.
 * @flags:     in: 0.
 * @retire_ip: in: where the thread goes on in user mode when the domain is shut
 *             down with GOSCHED_SHUTDOWN_RETIRE; 0 for none.  All registers but
 *             the instruction and stack pointer keep their values; the stack
 *             pointer becomes @retire_sp.
 * @retire_sp: in: stack pointer there; must be 0 when @retire_ip is.
 * @machine:   out: number of the M: the index of its &struct gosched_mslot.
 * @reserved:  in: 0.
 *
 * The new M holds no P and may run user code until it first waits for one.
 * ENXIO: the domain is not set up.  EBUSY: the thread is an M already, of this
 * or another domain.  ENOSPC: @max_machines are registered.  ESHUTDOWN.  ENOMEM.
 */
struct gosched_register {
	__u32 size;
	__u32 flags;
	__u64 retire_ip;
	__u64 retire_sp;
	__u32 machine;
	__u32 reserved;
};

/**
 * struct gosched_plain - argument of the commands that need none.
 * @size:     in: size of this struct.
 * @flags:    in: 0, or as the command says.
 * @reserved: in: 0.
 *
 * GOSCHED_IOC_UNREGISTER
 *     The calling thread is an M no longer; a P that it holds is released.
 *     ENXIO: it is none.
 *
 * GOSCHED_IOC_WAIT
 *     Release the P, if the M holds one, and wait as a spare until it is given
 *     one.  Returns 0 with the number of the P in the M's slot.
 *     ENXIO: the caller is no M.  EBUSY: a WAIT of the M is pending in an
 *     io_uring.  ESHUTDOWN: it needs no P any more.  EINTR (or restarted, where
 *     the signal's action allows): the P has been released, and the M is given one,
 *     perhaps another, before the signal's handler runs.
 *
 *     As IORING_OP_URING_CMD, with this number as cmd_op and this struct in
 *     sqe->cmd (no SQE128), the command stays pending and completes with 0 once
 *     the M holds a P, or with ESHUTDOWN; ECANCELED when it is cancelled.  An M
 *     that comes back from io_uring_enter for another reason is given a P on its
 *     way to user mode, and its wait stays pending; a further WAIT then only
 *     releases the P and completes at once with 0 (use IOSQE_CQE_SKIP_SUCCESS).
 *
 * GOSCHED_IOC_YIELD
 *     The slice is over: hand the P on if an M or a goroutine waits for one, and
 *     return once the M holds one again.  ENXIO: the caller is no M or holds no
 *     P.  ESHUTDOWN.
 *
 * GOSCHED_IOC_RING
 *     Give an idle P to a spare M.  EAGAIN: no P is idle.  ENOENT: no M is
 *     spare.  ENXIO: the domain is not set up.  ESHUTDOWN.
 *
 * GOSCHED_IOC_SHUTDOWN
 *     No more scheduling: all waits end with ESHUTDOWN and no M is held back any
 *     more.  With GOSCHED_SHUTDOWN_RETIRE an M that has a retire_ip and is in
 *     user code outside critical sections, or comes to be, goes on there
 *     instead; this may be asked for after a first shutdown without.
 *     ENXIO: the domain is not set up.
 */
struct gosched_plain {
	__u32 size;
	__u32 flags;
	__u64 reserved;
};

#define GOSCHED_SHUTDOWN_RETIRE	_BITUL(0)

/**
 * struct gosched_procs - GOSCHED_IOC_PROCS: change or ask the number of P's.
 * @size:     in: size of this struct.
 * @flags:    in: 0.
 * @nr_procs: in: new number, 1 .. max_procs of the set-up, or 0 to only ask;
 *            out: number before.
 * @reserved: in: 0.
 *
 * A P beyond the new number is taken out of use when its M next loses it, at the
 * end of its slice at the latest.  What waits in its run queue is for the user
 * side to take over.  ENXIO: the domain is not set up.  ESHUTDOWN.
 */
struct gosched_procs {
	__u32 size;
	__u32 flags;
	__u32 nr_procs;
	__u32 reserved;
};

#define GOSCHED_IOC_MAGIC	0xb6
#define GOSCHED_IOC_FEATURES	_IOWR(GOSCHED_IOC_MAGIC, 0x00, struct gosched_features)
#define GOSCHED_IOC_SETUP	_IOWR(GOSCHED_IOC_MAGIC, 0x01, struct gosched_setup)
#define GOSCHED_IOC_REGISTER	_IOWR(GOSCHED_IOC_MAGIC, 0x02, struct gosched_register)
#define GOSCHED_IOC_UNREGISTER	_IOW(GOSCHED_IOC_MAGIC, 0x03, struct gosched_plain)
#define GOSCHED_IOC_WAIT	_IOW(GOSCHED_IOC_MAGIC, 0x04, struct gosched_plain)
#define GOSCHED_IOC_YIELD	_IOW(GOSCHED_IOC_MAGIC, 0x05, struct gosched_plain)
#define GOSCHED_IOC_RING	_IOW(GOSCHED_IOC_MAGIC, 0x06, struct gosched_plain)
#define GOSCHED_IOC_SHUTDOWN	_IOW(GOSCHED_IOC_MAGIC, 0x07, struct gosched_plain)
#define GOSCHED_IOC_PROCS	_IOWR(GOSCHED_IOC_MAGIC, 0x08, struct gosched_procs)

/**
 * DOC: Shared slots
 *
 * One mapping (offset 0, MAP_SHARED, readable and writable, @map_size long)
 * begins with a &struct gosched_header; the slots of P's and M's stand at the
 * offsets it names.  The kernel trusts nothing in it: what user space writes
 * there can only misguide its own scheduling.  All accesses are single aligned
 * loads and stores.
 */

/**
 * struct gosched_header - first 64 bytes of the mapping.
 * @pslot_offset: kernel, once: offset of the first &struct gosched_pslot.
 * @mslot_offset: kernel, once: offset of the first &struct gosched_mslot.
 * @nr_procs:     kernel: P's in use.
 * @idle:         kernel: P's in use that no M holds.
 * @spares:       kernel: M's that wait as spares.
 * @waiting:      kernel: M's that wait for a P with a goroutine of their own.
 * @runnable:     user: goroutines in queues that belong to no P.
 * @attention:    user: not 0 when somebody ought to look after I/O or timers and
 *                nobody waits for them; counts as runnable work.
 * @reserved:     0.
 *
 * A thread that makes a goroutine runnable stores the count (@runnable or that
 * of a P), issues a full barrier, and rings if @idle is not 0; the kernel stores
 * @idle, issues a full barrier and looks at the counts.
 */
struct gosched_header {
	__u32 pslot_offset;
	__u32 mslot_offset;
	__u32 nr_procs;
	__u32 idle;
	__u32 spares;
	__u32 waiting;
	__u32 runnable;
	__u32 attention;
	__u32 reserved[8];
};

/**
 * struct gosched_pslot - what user space says of a P.
 * @runnable: user: goroutines in the P's run queue.
 * @tick:     user: counts the goroutines that the P has started to run; a P
 *            whose tick moved during a slice is preempted for an M that waits,
 *            but not for the sake of queues, timers or I/O: who switches
 *            goroutines comes by them.
 * @deadline: user: CLOCK_MONOTONIC nanoseconds of the P's first timer, 0 for
 *            none; counts as runnable work once it has passed.
 * @reserved: 0.
 */
struct gosched_pslot {
	__u32 runnable;
	__u32 tick;
	__u64 deadline;
	__u64 reserved[6];
};

/* The slice has ended inside a critical section: yield when it is left. */
#define GOSCHED_M_NEED_RESCHED	_BITUL(0)

/**
 * struct gosched_mslot - what an M and the kernel say to each other.
 * @crit:      user: depth of critical sections.  While it is not 0 the kernel
 *             leaves the M its P, even if it blocks or its slice ends.  The kernel
 *             clears it when the M is no more.
 * @flags:     kernel sets, user clears: GOSCHED_M_NEED_RESCHED.
 * @proc:      kernel: the P that the M holds, or GOSCHED_NO_PROC.  Stable inside
 *             critical sections, but for what the M itself asks for (WAIT, YIELD).
 * @pad:       0.
 * @goroutine: user: id of the goroutine that the M runs, 0 for none.
 * @reserved:  0.
 *
 * Written by the M itself and, for its own part, by the kernel; only the M and
 * the kernel read it.
 */
struct gosched_mslot {
	__u32 crit;
	__u32 flags;
	__u32 proc;
	__u32 pad;
	__u64 goroutine;
	__u64 reserved[5];
};

#endif /* _UAPI_LINUX_GOSCHED_H */

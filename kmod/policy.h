/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policy, apart from mechanism: one question each.  Pure functions of an M or P.
 */
#ifndef GS_POLICY_H
#define GS_POLICY_H

#include "internal.h"

/*
 * A block shorter than this is "short": handing the P on and getting one back
 * costs more than it gives.
 */
#define GS_SHORT_BLOCK_NS	30000ULL

/* How long the P of an M whose blocks are short stays with it. */
#define GS_GRACE_NS		20000ULL

/* How often an M that is to retire is looked at while it is in a critical section. */
#define GS_RETIRE_RETRY_NS	1000000ULL

#define GS_LONG_BLOCKS_MAX	3
/* A new M is taken to block for long, one short block changes that. */
#define GS_LONG_BLOCKS_START	2

/*
 * A two-bit saturating counter, as in branch prediction: it takes two short
 * blocks to turn an M with a long history, and one odd block is forgiven.
 */
static inline void gs_policy_learn(struct gs_machine *m, u64 block_ns)
{
	if (block_ns < GS_SHORT_BLOCK_NS) {
		if (m->long_blocks > 0)
			m->long_blocks--;
	} else if (m->long_blocks < GS_LONG_BLOCKS_MAX) {
		m->long_blocks++;
	}
}

/* The M falls asleep: hand its P on at once, or after a grace period? */
static inline bool gs_policy_hand_off_at_once(const struct gs_machine *m)
{
	return m->long_blocks >= GS_LONG_BLOCKS_START;
}

/*
 * Both an M with a goroutine of its own and the run queue want the P.  They take
 * turns, M's first: M's alone would starve the queue when they block often.
 */
static inline bool gs_policy_queue_first(const struct gs_proc *p)
{
	return p->spare_turn;
}

/* P's beyond the number in use are not given to anybody. */
static inline bool gs_policy_in_use(const struct gs_proc *p)
{
	return p->id < p->domain->nr_procs;
}

/*
 * A slice has ended with nobody waiting but queued goroutines.  When user space
 * has switched goroutines itself since the slice began, the queue moves without
 * our help.
 */
static inline bool gs_policy_queue_is_stuck(const struct gs_proc *p, u32 tick)
{
	return p->tick == tick;
}

#endif /* GS_POLICY_H */

/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a group of goroutines.
 */
#ifndef GO_SYNC_H
#define GO_SYNC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct go_waiter;

/* Goroutines that wait for something, in the order in which they came. */
struct go_waitq {
	struct go_waiter *head, *tail;
};

/*
 * A counter that can be waited for.  Zero-initialised it is ready for use, and
 * again as soon as a wait has returned.  Must not be copied once in use.
 */
typedef struct {
	uint32_t lock;
	int32_t count;
	struct go_waitq waiters;
} go_waitgroup;

/*
 * Add @delta, which may be negative; at 0 every waiter goes on.  A counter below 0
 * is a panic.  Add before the goroutine that is to be waited for is started.
 */
void go_waitgroup_add(go_waitgroup *wg, int delta);
void go_waitgroup_done(go_waitgroup *wg);	/* add -1 */
void go_waitgroup_wait(go_waitgroup *wg);	/* until the counter is 0 */

#ifdef __cplusplus
}
#endif

#endif /* GO_SYNC_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* A domain without a process, and M's without threads, for tests of pure logic. */
#ifndef GS_FIXTURE_H
#define GS_FIXTURE_H

#include <kunit/test.h>

#include "internal.h"

#define GS_FIXTURE_MACHINES	8

struct gs_fixture {
	struct gs_domain d;
	struct gs_machine m[GS_FIXTURE_MACHINES];
	unsigned long flags;
};

/* A live domain with @nr_procs idle P's out of @max_procs. */
struct gs_fixture *gs_fixture_new(struct kunit *test, u32 nr_procs, u32 max_procs);
/* To be called by each test that has made one: checks that the counts are whole. */
void gs_fixture_end(struct kunit *test, struct gs_fixture *f);

/* The lock is held between these two. */
void gs_fixture_lock(struct gs_fixture *f);
void gs_fixture_unlock(struct gs_fixture *f);

extern struct kunit_suite gs_proc_suite;
extern struct kunit_suite gs_cmd_suite;
extern struct kunit_suite gs_policy_suite;

#endif /* GS_FIXTURE_H */

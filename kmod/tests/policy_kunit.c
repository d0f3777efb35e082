// SPDX-License-Identifier: GPL-2.0
/* Policy: hand off at once or after a grace period; turns; stuck queues. */
#include "fixture.h"
#include "policy.h"

static void starts_at_once(struct kunit *test)
{
	struct gs_machine m = { .long_blocks = GS_LONG_BLOCKS_START };

	KUNIT_EXPECT_TRUE(test, gs_policy_hand_off_at_once(&m));
	gs_policy_learn(&m, 1000);
	KUNIT_EXPECT_FALSE(test, gs_policy_hand_off_at_once(&m));
}

static void saturates(struct kunit *test)
{
	struct gs_machine m = {};
	int i;

	for (i = 0; i < 10; i++)
		gs_policy_learn(&m, GS_SHORT_BLOCK_NS);
	KUNIT_EXPECT_EQ(test, m.long_blocks, GS_LONG_BLOCKS_MAX);
	for (i = 0; i < 10; i++)
		gs_policy_learn(&m, GS_SHORT_BLOCK_NS - 1);
	KUNIT_EXPECT_EQ(test, m.long_blocks, 0);
}

/* One odd block in a history does not turn the policy, two do. */
static void forgives_one(struct kunit *test)
{
	struct gs_machine m = { .long_blocks = GS_LONG_BLOCKS_MAX };

	gs_policy_learn(&m, 0);
	KUNIT_EXPECT_TRUE(test, gs_policy_hand_off_at_once(&m));
	gs_policy_learn(&m, 0);
	KUNIT_EXPECT_FALSE(test, gs_policy_hand_off_at_once(&m));

	m.long_blocks = 0;
	gs_policy_learn(&m, NSEC_PER_SEC);
	KUNIT_EXPECT_FALSE(test, gs_policy_hand_off_at_once(&m));
	gs_policy_learn(&m, NSEC_PER_SEC);
	KUNIT_EXPECT_TRUE(test, gs_policy_hand_off_at_once(&m));
}

static void queue_is_stuck(struct kunit *test)
{
	struct gs_proc p = { .tick = 7 };

	KUNIT_EXPECT_TRUE(test, gs_policy_queue_is_stuck(&p, 7));
	KUNIT_EXPECT_FALSE(test, gs_policy_queue_is_stuck(&p, 8));
}

static void in_use(struct kunit *test)
{
	struct gs_domain d = { .nr_procs = 2 };
	struct gs_proc p = { .domain = &d, .id = 1 };

	KUNIT_EXPECT_TRUE(test, gs_policy_in_use(&p));
	p.id = 2;
	KUNIT_EXPECT_FALSE(test, gs_policy_in_use(&p));
}

static struct kunit_case gs_policy_cases[] = {
	KUNIT_CASE(starts_at_once),
	KUNIT_CASE(saturates),
	KUNIT_CASE(forgives_one),
	KUNIT_CASE(queue_is_stuck),
	KUNIT_CASE(in_use),
	{}
};

struct kunit_suite gs_policy_suite = {
	.name = "gosched_policy",
	.test_cases = gs_policy_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * GOSCHED_IOC_PROCS; what it does to M's is in sched/procs.c.
 */
#include "harness.h"
#include "kselftest_harness.h"

static const struct gosched_procs good = { .size = sizeof(good), .nr_procs = 2 };

TEST(asks_and_changes)
{
	struct gosched_procs arg = { .size = sizeof(arg) };
	struct domain d;

	domain_open(&d, 1, 3, NO_SLICE);
	ASSERT_EQ(0, gosched_ioctl(d.fd, GOSCHED_IOC_PROCS, &arg));
	EXPECT_EQ(1, arg.nr_procs);
	EXPECT_EQ(sizeof(arg), arg.size);
	EXPECT_EQ(0, arg.flags);
	EXPECT_EQ(0, arg.reserved);
	EXPECT_EQ(1, load(&d.header->nr_procs));

	EXPECT_EQ(1, domain_procs(&d, 3));
	EXPECT_EQ(3, load(&d.header->nr_procs));
	EXPECT_EQ(3, load(&d.header->idle));
	EXPECT_EQ(3, domain_procs(&d, 0));
	EXPECT_EQ(3, domain_procs(&d, 2));
	EXPECT_EQ(2, load(&d.header->nr_procs));
	EXPECT_EQ(2, load(&d.header->idle));
	EXPECT_EQ(2, domain_procs(&d, 2));
	EXPECT_EQ(2, load(&d.header->idle));
}

TEST(newer_struct)
{
	struct gosched_procs arg;
	struct domain d;

	domain_open(&d, 1, 3, NO_SLICE);
	accept_longer(d.fd, GOSCHED_IOC_PROCS, &good, sizeof(good), &arg);
	EXPECT_EQ(1, arg.nr_procs);
	EXPECT_EQ(2, load(&d.header->nr_procs));
}

TEST(bad_arguments)
{
	static const struct refusal cases[] = {
		REFUSE(gosched_procs, nr_procs, 4, -EINVAL),	/* max_procs is 3 */
		REFUSE(gosched_procs, nr_procs, GOSCHED_MAX_PROCS, -EINVAL),
		REFUSE(gosched_procs, nr_procs, ~0U, -EINVAL),
		REFUSE(gosched_procs, reserved, 1, -EINVAL),
		REFUSE(gosched_procs, reserved, 1U << 31, -EINVAL),
	};
	struct domain d;

	domain_open(&d, 1, 3, NO_SLICE);
	refuse_fields(&d, GOSCHED_IOC_PROCS, &good, sizeof(good), cases, ARRAY_SIZE(cases));
	refuse_common(&d, GOSCHED_IOC_PROCS, &good, sizeof(good), 0);
}

TEST(before_setup)
{
	struct domain d = { .fd = gosched_open() };

	refuse_whole(&d, GOSCHED_IOC_PROCS, &good, sizeof(good), -ENXIO);
}

TEST(after_shutdown)
{
	struct domain d;

	domain_open(&d, 1, 3, NO_SLICE);
	ASSERT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
	refuse_whole(&d, GOSCHED_IOC_PROCS, &good, sizeof(good), -ESHUTDOWN);
}

GOSCHED_TEST_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * GOSCHED_IOC_SHUTDOWN; what it does to M's is in sched/shutdown.c.
 */
#include "harness.h"
#include "kselftest_harness.h"

static const struct gosched_plain good = { .size = sizeof(good) };

TEST(may_be_repeated)
{
	const struct gosched_plain retire = {
		.size = sizeof(retire), .flags = GOSCHED_SHUTDOWN_RETIRE,
	};
	struct gosched_plain arg;
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	EXPECT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
	EXPECT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
	arg = retire;
	EXPECT_EQ(0, gosched_ioctl(d.fd, GOSCHED_IOC_SHUTDOWN, &arg));
	EXPECT_EQ(0, memcmp(&retire, &arg, sizeof(arg)));
	EXPECT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
}

TEST(newer_struct)
{
	struct gosched_plain arg;
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	accept_longer(d.fd, GOSCHED_IOC_SHUTDOWN, &good, sizeof(good), &arg);
	EXPECT_EQ(-ESHUTDOWN, domain_ring(&d));
}

TEST(bad_arguments)
{
	static const struct refusal cases[] = {
		REFUSE(gosched_plain, reserved, 1, -EINVAL),
		REFUSE(gosched_plain, reserved, 1ULL << 63, -EINVAL),
	};
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	refuse_fields(&d, GOSCHED_IOC_SHUTDOWN, &good, sizeof(good), cases, ARRAY_SIZE(cases));
	refuse_common(&d, GOSCHED_IOC_SHUTDOWN, &good, sizeof(good), GOSCHED_SHUTDOWN_RETIRE);
	EXPECT_EQ(-ENOENT, domain_ring(&d));	/* it is still up */
}

TEST(before_setup)
{
	struct gosched_setup setup = { .size = sizeof(setup), .nr_procs = 1, .max_machines = 1 };
	struct domain d = { .fd = gosched_open() };

	refuse_whole(&d, GOSCHED_IOC_SHUTDOWN, &good, sizeof(good), -ENXIO);
	EXPECT_EQ(0, gosched_ioctl(d.fd, GOSCHED_IOC_SETUP, &setup));
}

GOSCHED_TEST_MAIN

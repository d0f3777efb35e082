// SPDX-License-Identifier: GPL-2.0
/*
 * GOSCHED_IOC_FEATURES.
 */
#include "harness.h"
#include "kselftest_harness.h"

static const struct gosched_features good = { .size = sizeof(good) };

TEST(reports_what_the_header_promises)
{
	struct gosched_features f;
	int fd = gosched_open();

	ASSERT_LE(0, fd);
	memset(&f, 0xcc, sizeof(f));
	f.size = sizeof(f);
	f.flags = 0;
	ASSERT_EQ(0, gosched_ioctl(fd, GOSCHED_IOC_FEATURES, &f));
	EXPECT_EQ(sizeof(f), f.size);
	EXPECT_EQ(0, f.flags);
	EXPECT_EQ(GOSCHED_FEAT_RETIRE, f.features & GOSCHED_FEAT_RETIRE);
	EXPECT_EQ(0, f.features & ~GOSCHED_FEAT_ALL);
	EXPECT_EQ(GOSCHED_MAX_PROCS, f.max_procs);
	EXPECT_EQ(GOSCHED_MAX_MACHINES, f.max_machines);
	EXPECT_EQ(GOSCHED_MIN_SLICE_NS, f.min_slice_ns);
	EXPECT_EQ(GOSCHED_MAX_SLICE_NS, f.max_slice_ns);
}

TEST(newer_struct_gives_the_same)
{
	struct gosched_features now = good, later;
	int fd = gosched_open();

	ASSERT_EQ(0, gosched_ioctl(fd, GOSCHED_IOC_FEATURES, &now));
	accept_longer(fd, GOSCHED_IOC_FEATURES, &good, sizeof(good), &later);
	now.size = later.size;
	EXPECT_EQ(0, memcmp(&now, &later, sizeof(now)));
}

TEST(needs_no_setup_and_survives_shutdown)
{
	struct gosched_features f = good;
	struct domain d;

	domain_open(&d, 1, 1, 0);
	EXPECT_EQ(0, gosched_ioctl(d.fd, GOSCHED_IOC_FEATURES, &f));
	ASSERT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
	f = good;
	EXPECT_EQ(0, gosched_ioctl(d.fd, GOSCHED_IOC_FEATURES, &f));
}

TEST(bad_arguments)
{
	struct domain d;

	domain_open(&d, 1, 1, 0);
	refuse_common(&d, GOSCHED_IOC_FEATURES, &good, sizeof(good), 0);
}

GOSCHED_TEST_MAIN

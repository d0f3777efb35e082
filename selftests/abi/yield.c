// SPDX-License-Identifier: GPL-2.0
/*
 * GOSCHED_IOC_YIELD.
 */
#include "harness.h"
#include "kselftest_harness.h"

static const struct gosched_plain good = { .size = sizeof(good) };

static const struct refusal cases[] = {
	REFUSE(gosched_plain, reserved, 1, -EINVAL),
	REFUSE(gosched_plain, reserved, 1ULL << 63, -EINVAL),
};

TEST(alone_it_keeps_the_p)
{
	struct machine self = { 0 };
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	ASSERT_EQ(0, machine_wait(&self));
	store(&d.header->runnable, 0);
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, machine_yield(&self));
		ASSERT_EQ(0, self.slot->proc);
	}
	/* Work that waits is no reason either: nobody else could do it. */
	store(&d.header->runnable, 1);
	ASSERT_EQ(0, machine_yield(&self));
	EXPECT_EQ(0, self.slot->proc);
}

TEST(newer_struct)
{
	struct machine self = { 0 };
	struct gosched_plain arg;
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	ASSERT_EQ(0, machine_wait(&self));
	accept_longer(d.fd, GOSCHED_IOC_YIELD, &good, sizeof(good), &arg);
	EXPECT_EQ(0, self.slot->proc);
}

TEST(bad_arguments)
{
	struct machine self = { 0 };
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	ASSERT_EQ(0, machine_wait(&self));
	refuse_fields(&d, GOSCHED_IOC_YIELD, &good, sizeof(good), cases, ARRAY_SIZE(cases));
	refuse_common(&d, GOSCHED_IOC_YIELD, &good, sizeof(good), 0);
}

TEST(no_machine_or_no_p)
{
	struct domain d = { .fd = gosched_open() }, up;
	struct machine self = { 0 };

	refuse_whole(&d, GOSCHED_IOC_YIELD, &good, sizeof(good), -ENXIO);
	domain_open(&up, 1, 1, NO_SLICE);
	refuse_whole(&up, GOSCHED_IOC_YIELD, &good, sizeof(good), -ENXIO);
	machine_register(&self, &up);
	refuse_whole(&up, GOSCHED_IOC_YIELD, &good, sizeof(good), -ENXIO);
}

TEST(after_shutdown)
{
	struct machine self = { 0 };
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	ASSERT_EQ(0, machine_wait(&self));
	ASSERT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
	refuse_whole(&d, GOSCHED_IOC_YIELD, &good, sizeof(good), -ESHUTDOWN);
}

GOSCHED_TEST_MAIN

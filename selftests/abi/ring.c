// SPDX-License-Identifier: GPL-2.0
/*
 * GOSCHED_IOC_RING.
 */
#include "harness.h"
#include "kselftest_harness.h"

static const struct gosched_plain good = { .size = sizeof(good) };

static const struct refusal cases[] = {
	REFUSE(gosched_plain, reserved, 1, -EINVAL),
	REFUSE(gosched_plain, reserved, 1ULL << 63, -EINVAL),
};

/* Takes a P and keeps it, in user code, until it is let go. */
static void hold(struct machine *m)
{
	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	while (!load((int *)m->arg))
		;
}

TEST(one_ring_one_machine)
{
	struct machine m[3];
	struct domain d;
	int go = 0;

	domain_open(&d, 2, 2, NO_SLICE);
	for (int i = 0; i < 3; i++)
		machine_start(&m[i], &d, hold, &go);
	until(load(&d.header->spares) == 3);
	ASSERT_EQ(0, domain_ring(&d));
	until(machine_at(&m[0]) + machine_at(&m[1]) + machine_at(&m[2]) == 1);
	EXPECT_EQ(1, load(&d.header->idle));
	EXPECT_EQ(2, load(&d.header->spares));
	ASSERT_EQ(0, domain_ring(&d));
	until(machine_at(&m[0]) + machine_at(&m[1]) + machine_at(&m[2]) == 2);
	EXPECT_EQ(0, load(&d.header->idle));
	EXPECT_EQ(1, load(&d.header->spares));

	/* Neither idle P's nor a change. */
	refuse_whole(&d, GOSCHED_IOC_RING, &good, sizeof(good), -EAGAIN);
	store(&go, 1);
	until(load(&d.header->idle) == 2);
	ASSERT_EQ(0, domain_ring(&d));
	for (int i = 0; i < 3; i++)
		machine_join(&m[i]);
}

TEST(nobody_is_spare)
{
	struct machine self = { 0 };
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	refuse_whole(&d, GOSCHED_IOC_RING, &good, sizeof(good), -ENOENT);
	machine_register(&self, &d);
	refuse_whole(&d, GOSCHED_IOC_RING, &good, sizeof(good), -ENOENT);
}

TEST(newer_struct)
{
	struct gosched_plain arg;
	struct machine m;
	struct domain d;
	int go = 1;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_start(&m, &d, hold, &go);
	until(load(&d.header->spares) == 1);
	accept_longer(d.fd, GOSCHED_IOC_RING, &good, sizeof(good), &arg);
	machine_join(&m);
}

TEST(bad_arguments)
{
	struct machine m;
	struct domain d;
	int go = 1;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_start(&m, &d, hold, &go);
	until(load(&d.header->spares) == 1);
	refuse_fields(&d, GOSCHED_IOC_RING, &good, sizeof(good), cases, ARRAY_SIZE(cases));
	refuse_common(&d, GOSCHED_IOC_RING, &good, sizeof(good), 0);
	ASSERT_EQ(0, domain_ring(&d));
	machine_join(&m);
}

TEST(before_setup)
{
	struct domain d = { .fd = gosched_open() };

	refuse_whole(&d, GOSCHED_IOC_RING, &good, sizeof(good), -ENXIO);
}

TEST(after_shutdown)
{
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	ASSERT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
	refuse_whole(&d, GOSCHED_IOC_RING, &good, sizeof(good), -ESHUTDOWN);
}

GOSCHED_TEST_MAIN

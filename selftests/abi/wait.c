// SPDX-License-Identifier: GPL-2.0
/*
 * GOSCHED_IOC_WAIT as an ioctl.
 */
#include "harness.h"
#include "kselftest_harness.h"

static const struct gosched_plain good = { .size = sizeof(good) };

static const struct refusal cases[] = {
	REFUSE(gosched_plain, reserved, 1, -EINVAL),
	REFUSE(gosched_plain, reserved, 1ULL << 63, -EINVAL),
};

/* Waits once; the step is what came of it, as 1 - errno. */
static void wait_once(struct machine *m)
{
	machine_step(m, 1 - machine_wait(m));
}

TEST(a_ring_gives_the_p)
{
	struct machine m;
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_start(&m, &d, wait_once, NULL);
	until(load(&d.header->spares) == 1);
	EXPECT_EQ(1, load(&d.header->idle));
	EXPECT_EQ(0, machine_at(&m));
	EXPECT_EQ(GOSCHED_NO_PROC, load(&m.slot->proc));
	ASSERT_EQ(0, domain_ring(&d));
	until(machine_at(&m) == 1);
	machine_join(&m);
}

TEST(work_that_waits_gives_the_p)
{
	struct machine self = { 0 };
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	ASSERT_EQ(0, machine_wait(&self));
	EXPECT_EQ(0, self.slot->proc);
	EXPECT_EQ(0, load(&d.header->idle));
	EXPECT_EQ(0, load(&d.header->spares));

	/* And again, from an M that holds one. */
	ASSERT_EQ(0, machine_wait(&self));
	EXPECT_EQ(0, self.slot->proc);
	ASSERT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_UNREGISTER));
	EXPECT_EQ(1, load(&d.header->idle));
}

TEST(newer_struct)
{
	struct machine self = { 0 };
	struct gosched_plain arg;
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	accept_longer(d.fd, GOSCHED_IOC_WAIT, &good, sizeof(good), &arg);
	EXPECT_EQ(0, self.slot->proc);
}

TEST(bad_arguments)
{
	struct machine self = { 0 };
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	refuse_fields(&d, GOSCHED_IOC_WAIT, &good, sizeof(good), cases, ARRAY_SIZE(cases));
	refuse_common(&d, GOSCHED_IOC_WAIT, &good, sizeof(good), 0);
	ASSERT_EQ(0, machine_wait(&self));
}

/* The P that the M holds is not released by a command that fails. */
TEST(bad_arguments_with_a_p)
{
	struct machine self = { 0 };
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	ASSERT_EQ(0, machine_wait(&self));
	refuse_fields(&d, GOSCHED_IOC_WAIT, &good, sizeof(good), cases, ARRAY_SIZE(cases));
	refuse_common(&d, GOSCHED_IOC_WAIT, &good, sizeof(good), 0);
	EXPECT_EQ(0, self.slot->proc);
}

TEST(no_machine)
{
	struct domain d = { .fd = gosched_open() }, up;

	refuse_whole(&d, GOSCHED_IOC_WAIT, &good, sizeof(good), -ENXIO);
	domain_open(&up, 1, 1, NO_SLICE);
	refuse_whole(&up, GOSCHED_IOC_WAIT, &good, sizeof(good), -ENXIO);
}

TEST(machine_of_another_domain)
{
	struct machine self = { 0 };
	struct domain d, other;

	domain_open(&d, 1, 1, NO_SLICE);
	domain_open(&other, 1, 1, NO_SLICE);
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	store(&other.header->runnable, 1);
	refuse_whole(&other, GOSCHED_IOC_WAIT, &good, sizeof(good), -ENXIO);
}

TEST(shutdown_ends_it)
{
	struct machine m;
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_start(&m, &d, wait_once, NULL);
	until(load(&d.header->spares) == 1);
	ASSERT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
	until(machine_at(&m) == 1 + ESHUTDOWN);
	machine_join(&m);
	EXPECT_EQ(0, load(&d.header->spares));
}

TEST(after_shutdown)
{
	struct machine self = { 0 };
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_register(&self, &d);
	ASSERT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
	refuse_whole(&d, GOSCHED_IOC_WAIT, &good, sizeof(good), -ESHUTDOWN);
}

GOSCHED_TEST_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * GOSCHED_IOC_WAIT as IORING_OP_URING_CMD.
 */
#include <linux/io_uring.h>

#include "harness.h"
#include "kselftest_harness.h"

static const struct gosched_plain good = { .size = sizeof(good) };

#define RING_FLAGS (IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)

/* Submits one command, which must complete at once; its result. */
static int command(struct ring *r, int fd, unsigned int cmd, struct gosched_plain arg,
		   unsigned int sqe_flags)
{
	uint64_t user_data;
	int res;

	ring_prep_command(r, fd, cmd, arg, 99);
	((struct io_uring_sqe *)r->sqes)[(*r->sq_tail - 1) & *r->sq_mask].flags = sqe_flags;
	CHECK_EQ(ring_enter(r, 1), 1);
	CHECK(ring_reap(r, &user_data, &res));
	CHECK_EQ(user_data, 99);
	return res;
}

/* Waits by the ring until it has a P; then step 1. */
static void wait_by_ring(struct machine *m)
{
	uint64_t user_data;
	struct ring r;
	int res;

	CHECK_EQ(ring_open(&r, RING_FLAGS, false), 0);
	ring_prep_command(&r, m->d->fd, GOSCHED_IOC_WAIT, good, 7);
	CHECK_EQ(ring_enter(&r, 1), 1);
	CHECK(ring_reap(&r, &user_data, &res));
	CHECK_EQ(user_data, 7);
	CHECK(!ring_reap(&r, &user_data, &res));
	if (!res)
		CHECK(machine_holds(m));
	machine_step(m, 1 - res);
}

TEST(is_a_feature)
{
	struct gosched_features f = { .size = sizeof(f) };
	int fd = gosched_open();

	ASSERT_EQ(0, gosched_ioctl(fd, GOSCHED_IOC_FEATURES, &f));
	EXPECT_EQ(GOSCHED_FEAT_URING_WAIT, f.features & GOSCHED_FEAT_URING_WAIT);
}

TEST(a_ring_gives_the_p)
{
	struct machine m;
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_start(&m, &d, wait_by_ring, NULL);
	until(load(&d.header->spares) == 1);
	until(machine_sleeps(&m));
	EXPECT_EQ(0, machine_at(&m));
	ASSERT_EQ(0, domain_ring(&d));
	until(machine_at(&m) == 1);
	machine_join(&m);
}

TEST(work_that_waits_gives_the_p)
{
	struct machine self = { 0 };
	struct domain d;
	struct ring r;

	domain_open(&d, 1, 1, NO_SLICE);
	ASSERT_EQ(0, ring_open(&r, RING_FLAGS, false));
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, command(&r, d.fd, GOSCHED_IOC_WAIT, good, 0));
		ASSERT_EQ(0, self.slot->proc);
	}
}

/*
 * Back from io_uring_enter for another reason: on a P, with the wait pending;
 * and the next wait is short.
 */
static void back_for_another_reason(struct machine *m)
{
	uint64_t user_data;
	struct ring r;
	int res;

	CHECK_EQ(ring_open(&r, RING_FLAGS, false), 0);
	CHECK_EQ(machine_wait(m), 0);
	for (int i = 1; i <= 10; i++) {
		ring_prep_command(&r, m->d->fd, GOSCHED_IOC_WAIT, good, i);
		ring_sqe(&r, 1000 + i)->opcode = IORING_OP_NOP;
		CHECK_EQ(ring_enter(&r, 1), 2);
		CHECK(machine_holds(m));
		while (ring_reap(&r, &user_data, &res))
			CHECK_EQ(res, 0);
	}
	machine_step(m, 1);
}

TEST(another_completion_brings_it_back_on_a_p)
{
	struct machine m;
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_start(&m, &d, back_for_another_reason, NULL);
	until(load(&d.header->spares) == 1);
	ASSERT_EQ(0, domain_ring(&d));
	until(machine_at(&m) == 1);
	machine_join(&m);
	until(load(&d.header->idle) == 1);
}

TEST(bad_arguments)
{
	struct gosched_plain arg = good;
	struct machine self = { 0 };
	struct domain d;
	struct ring r;

	domain_open(&d, 1, 1, NO_SLICE);
	ASSERT_EQ(0, ring_open(&r, RING_FLAGS, false));
	machine_register(&self, &d);
	store(&d.header->runnable, 1);

	for (unsigned int bit = 0; bit < 32; bit++) {
		arg.flags = 1U << bit;
		EXPECT_EQ(-EINVAL, command(&r, d.fd, GOSCHED_IOC_WAIT, arg, 0));
	}
	arg = good;
	for (unsigned int bit = 0; bit < 64; bit++) {
		arg.reserved = 1ULL << bit;
		EXPECT_EQ(-EINVAL, command(&r, d.fd, GOSCHED_IOC_WAIT, arg, 0));
	}
	arg = good;
	for (arg.size = 0; arg.size < sizeof(good); arg.size++)
		EXPECT_EQ(-EINVAL, command(&r, d.fd, GOSCHED_IOC_WAIT, arg, 0));
	/* There is no room for more in an SQE. */
	for (arg.size = sizeof(good) + 1; arg.size < 200; arg.size += 13)
		EXPECT_EQ(-E2BIG, command(&r, d.fd, GOSCHED_IOC_WAIT, arg, 0));

	EXPECT_EQ(GOSCHED_NO_PROC, self.slot->proc);
	EXPECT_EQ(0, load(&d.header->spares));
	EXPECT_EQ(1, load(&d.header->idle));
	EXPECT_EQ(0, command(&r, d.fd, GOSCHED_IOC_WAIT, good, 0));
}

TEST(other_commands)
{
	const unsigned int others[] = {
		GOSCHED_IOC_FEATURES, GOSCHED_IOC_SETUP, GOSCHED_IOC_REGISTER,
		GOSCHED_IOC_UNREGISTER, GOSCHED_IOC_YIELD, GOSCHED_IOC_RING,
		GOSCHED_IOC_SHUTDOWN, GOSCHED_IOC_PROCS, 0, ~0U,
		_IOW(GOSCHED_IOC_MAGIC, 0x7f, struct gosched_plain),
	};
	struct machine self = { 0 };
	struct domain d;
	struct ring r;

	domain_open(&d, 1, 1, NO_SLICE);
	ASSERT_EQ(0, ring_open(&r, RING_FLAGS, false));
	machine_register(&self, &d);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		EXPECT_EQ(-ENOTTY, command(&r, d.fd, others[i], good, 0));
	EXPECT_EQ(1, load(&d.header->nr_procs));
	EXPECT_EQ(1, load(&d.header->idle));
}

TEST(no_machine)
{
	struct domain d;
	struct ring r;
	int fd;

	domain_open(&d, 1, 1, NO_SLICE);
	ASSERT_EQ(0, ring_open(&r, RING_FLAGS, false));
	EXPECT_EQ(-ENXIO, command(&r, d.fd, GOSCHED_IOC_WAIT, good, 0));
	fd = gosched_open();
	EXPECT_EQ(-ENXIO, command(&r, fd, GOSCHED_IOC_WAIT, good, 0));
}

/* A worker thread of io_uring's runs it, and that is no M. */
TEST(from_a_worker)
{
	struct machine self = { 0 };
	struct domain d;
	struct ring r;

	domain_open(&d, 1, 1, NO_SLICE);
	ASSERT_EQ(0, ring_open(&r, 0, false));
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	EXPECT_EQ(-ENXIO, command(&r, d.fd, GOSCHED_IOC_WAIT, good, IOSQE_ASYNC));
	EXPECT_EQ(0, load(&d.header->spares));
}

TEST(success_can_be_silent)
{
	struct machine self = { 0 };
	uint64_t user_data;
	struct domain d;
	struct ring r;
	int res;

	domain_open(&d, 1, 1, NO_SLICE);
	ASSERT_EQ(0, ring_open(&r, RING_FLAGS, false));
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	ring_prep_command(&r, d.fd, GOSCHED_IOC_WAIT, good, 1);
	((struct io_uring_sqe *)r.sqes)->flags = IOSQE_CQE_SKIP_SUCCESS;
	ASSERT_EQ(1, ring_enter(&r, 0));
	EXPECT_EQ(0, self.slot->proc);
	EXPECT_FALSE(ring_reap(&r, &user_data, &res));
}

TEST(shutdown_ends_it)
{
	struct machine m;
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_start(&m, &d, wait_by_ring, NULL);
	until(load(&d.header->spares) == 1);
	until(machine_sleeps(&m));
	ASSERT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
	until(machine_at(&m) == 1 + ESHUTDOWN);
	machine_join(&m);
}

TEST(after_shutdown)
{
	struct machine self = { 0 };
	struct domain d;
	struct ring r;

	domain_open(&d, 1, 1, NO_SLICE);
	ASSERT_EQ(0, ring_open(&r, RING_FLAGS, false));
	machine_register(&self, &d);
	ASSERT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
	EXPECT_EQ(-ESHUTDOWN, command(&r, d.fd, GOSCHED_IOC_WAIT, good, 0));
}

GOSCHED_TEST_MAIN

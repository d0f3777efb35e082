// SPDX-License-Identifier: GPL-2.0
/*
 * A WAIT that is pending in a ring when the ring, its thread or its domain goes.
 */
#include "cast.h"
#include "kselftest_harness.h"

static const struct gosched_plain good = { .size = sizeof(good) };

struct pending {
	struct domain d;
	struct machine m;
	struct ring r;
	unsigned int flags;
	int go, release;
};

/* Step 1: the wait is pending, and the M runs, on a P that it was given. */
static void submit(struct machine *m)
{
	struct pending *p = m->arg;

	CHECK_EQ(machine_wait(m), 0);
	store(&m->d->header->runnable, 0);	/* or the wait would be over at once */
	machine_step(m, 1);
	machine_until(&p->go);
	ring_prep_command(&p->r, m->d->fd, GOSCHED_IOC_WAIT, good, 7);
	CHECK_EQ(ring_enter(&p->r, 0), 1);
	CHECK(machine_holds(m));
	machine_step(m, 2);
	machine_until(&p->release);
}

static void start_pending(struct pending *p, bool own_memory)
{
	CHECK_EQ(ring_open(&p->r, 0, own_memory), 0);
	domain_open(&p->d, 1, 1, NO_SLICE);
	machine_start_holding(&p->m, &p->d, submit, p);
	store(&p->go, 1);
	until(machine_at(&p->m) == 2);
}

static int completion(struct pending *p)
{
	uint64_t user_data = 0;
	int res = 1;

	until(ring_reap(&p->r, &user_data, &res));
	CHECK_EQ(user_data, 7);
	CHECK(!ring_reap(&p->r, &user_data, &res));
	return res;
}

/* The thread is gone, the ring belongs to the process. */
TEST(the_thread_ends)
{
	struct pending p = { 0 };

	start_pending(&p, false);
	store(&p.release, 1);
	machine_join(&p.m);
	EXPECT_EQ(-ECANCELED, completion(&p));
	until(load(&p.d.header->idle) == 1);
	EXPECT_EQ(0, load(&p.d.header->spares));
	ring_close(&p.r);
}

TEST(many_threads_end)
{
	struct pending p = { 0 };

	ASSERT_EQ(0, ring_open(&p.r, 0, false));
	domain_open(&p.d, 1, 1, NO_SLICE);
	for (int i = 0; i < 50; i++) {
		store(&p.go, 1);
		store(&p.release, 1);
		store(&p.d.header->runnable, 1);
		machine_start(&p.m, &p.d, submit, &p);
		machine_join(&p.m);
		EXPECT_EQ(-ECANCELED, completion(&p));
		until(load(&p.d.header->idle) == 1);
	}
}

/* The memory of the ring is the test's own: what is completed late can be seen. */
TEST(the_ring_is_closed)
{
	struct pending p = { 0 };
	struct ring probe;
	int err = ring_open(&probe, 0, true);

	if (err)
		SKIP(return, "no ring in memory of our own: %s", strerror(-err));
	start_pending(&p, true);
	ASSERT_EQ(0, close(p.r.fd));
	EXPECT_EQ(-ECANCELED, completion(&p));
	EXPECT_TRUE(machine_holds(&p.m));
	store(&p.release, 1);
	machine_join(&p.m);
	until(load(&p.d.header->idle) == 1);
}

/* Asleep in io_uring_enter as well: the descriptor goes, the call does not. */
static void wait_asleep(struct machine *m)
{
	struct pending *p = m->arg;
	uint64_t user_data;
	int res = 1;

	ring_prep_command(&p->r, m->d->fd, GOSCHED_IOC_WAIT, good, 7);
	CHECK_EQ(ring_enter(&p->r, 1), 1);
	CHECK(ring_reap(&p->r, &user_data, &res));
	machine_step(m, 1 - res);
}

TEST(the_ring_is_closed_under_a_sleeper)
{
	struct pending p = { 0 };

	ASSERT_EQ(0, ring_open(&p.r, 0, false));
	domain_open(&p.d, 1, 1, NO_SLICE);
	machine_start_spare(&p.m, &p.d, wait_asleep, &p);
	ASSERT_EQ(0, close(p.r.fd));
	ASSERT_EQ(0, domain_ring(&p.d));
	until(machine_at(&p.m) == 1);
	machine_join(&p.m);
}

TEST(the_domain_is_shut_down)
{
	struct pending p = { 0 };

	start_pending(&p, false);
	ASSERT_EQ(0, gosched_plain(p.d.fd, GOSCHED_IOC_SHUTDOWN));
	EXPECT_EQ(-ESHUTDOWN, completion(&p));
	store(&p.release, 1);
	machine_join(&p.m);
}

/* The ring's reference keeps the domain: nothing to complete yet. */
TEST(the_descriptor_is_closed)
{
	struct pending p = { 0 };
	uint64_t user_data;
	int res;

	start_pending(&p, false);
	ASSERT_EQ(0, close(p.d.fd));
	EXPECT_FALSE(ring_reap(&p.r, &user_data, &res));
	EXPECT_TRUE(machine_holds(&p.m));
	store(&p.release, 1);
	machine_join(&p.m);
	EXPECT_EQ(-ECANCELED, completion(&p));
}

/* Linux 6.12 cannot cancel one such command: it says so, and the wait is whole. */
static void cancel_then_wait(struct machine *m)
{
	struct pending *p = m->arg;
	struct io_uring_sqe *sqe;
	uint64_t user_data;
	int res, cancelled = 0;

	CHECK_EQ(machine_wait(m), 0);
	store(&m->d->header->runnable, 0);
	ring_prep_command(&p->r, m->d->fd, GOSCHED_IOC_WAIT, good, 7);
	CHECK_EQ(ring_enter(&p->r, 0), 1);
	sqe = ring_sqe(&p->r, 8);
	sqe->opcode = IORING_OP_ASYNC_CANCEL;
	sqe->addr = 7;
	CHECK_EQ(ring_enter(&p->r, 1), 1);
	CHECK(ring_reap(&p->r, &user_data, &res));
	if (user_data == 7) {
		cancelled = 1;
		CHECK_EQ(res, -ECANCELED);
	} else {
		CHECK(res == -ENOENT || res == -EALREADY);
	}
	machine_step(m, 1 + cancelled);
	machine_until(&p->release);
}

TEST(an_async_cancel)
{
	struct pending p = { 0 };

	ASSERT_EQ(0, ring_open(&p.r, 0, false));
	domain_open(&p.d, 1, 1, NO_SLICE);
	store(&p.d.header->runnable, 1);
	machine_start(&p.m, &p.d, cancel_then_wait, &p);
	until(machine_at(&p.m) >= 1);
	store(&p.release, 1);
	machine_join(&p.m);
	if (machine_at(&p.m) == 1)
		EXPECT_EQ(-ECANCELED, completion(&p));
}

/* UNREGISTER takes the wait along. */
static void unregister(struct machine *m)
{
	struct pending *p = m->arg;

	CHECK_EQ(machine_wait(m), 0);
	store(&m->d->header->runnable, 0);
	ring_prep_command(&p->r, m->d->fd, GOSCHED_IOC_WAIT, good, 7);
	CHECK_EQ(ring_enter(&p->r, 0), 1);
	CHECK_EQ(gosched_plain(m->d->fd, GOSCHED_IOC_UNREGISTER), 0);
	machine_step(m, 1);
	until(load(&p->release));
}

TEST(the_m_unregisters)
{
	struct pending p = { 0 };

	ASSERT_EQ(0, ring_open(&p.r, 0, false));
	domain_open(&p.d, 1, 1, NO_SLICE);
	store(&p.d.header->runnable, 1);
	machine_start(&p.m, &p.d, unregister, &p);
	until(machine_at(&p.m) == 1);
	EXPECT_EQ(-ECANCELED, completion(&p));
	EXPECT_EQ(1, load(&p.d.header->idle));
	store(&p.release, 1);
	machine_join(&p.m);
}

GOSCHED_TEST_MAIN

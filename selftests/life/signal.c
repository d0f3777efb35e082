// SPDX-License-Identifier: GPL-2.0
/*
 * Signals: a handler is user code, so it runs on a P.
 */
#include <signal.h>

#include "cast.h"
#include "kselftest_harness.h"

static int handled_with_p, handled_without_p;
static unsigned int handled_proc;

static void handler(int sig)
{
	if (machine_holds(machine_self))
		add(&handled_with_p, 1);
	else
		add(&handled_without_p, 1);
	handled_proc = load(&machine_self->slot->proc);
}

static void handle(int sig, int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	CHECK_SYS(sigaction(sig, &action, NULL));
}

static void wait_once(struct machine *m)
{
	machine_step(m, 1 - machine_wait(m));
}

static void hold(struct machine *m)
{
	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(m->arg);
}

TEST(interrupts_a_wait)
{
	struct machine m;
	struct domain d;

	handle(SIGUSR1, 0);
	domain_open(&d, 1, 1, NO_SLICE);
	machine_start_spare(&m, &d, wait_once, NULL);
	machine_kick(&m, SIGUSR1);
	until(machine_at(&m) == 1 + EINTR);
	EXPECT_EQ(1, load(&handled_with_p));
	EXPECT_EQ(0, load(&handled_without_p));
	EXPECT_EQ(0, handled_proc);
	machine_join(&m);
	until(load(&d.header->idle) == 1);
	EXPECT_EQ(0, load(&d.header->spares));
}

TEST(restarts_a_wait)
{
	struct machine m;
	struct domain d;

	handle(SIGUSR1, SA_RESTART);
	domain_open(&d, 1, 1, NO_SLICE);
	machine_start_spare(&m, &d, wait_once, NULL);
	for (int i = 1; i <= 5; i++) {
		machine_kick(&m, SIGUSR1);
		until(load(&handled_with_p) + load(&handled_without_p) == i);
		until(load(&d.header->spares) == 1);
		until(machine_sleeps(&m));
		EXPECT_EQ(1, load(&d.header->idle));
		EXPECT_EQ(0, machine_at(&m));
	}
	EXPECT_EQ(0, load(&handled_without_p));
	ASSERT_EQ(0, domain_ring(&d));
	until(machine_at(&m) == 1);
	machine_join(&m);
}

TEST(ignored_signals_do_not_end_a_wait)
{
	struct machine m;
	struct domain d;

	signal(SIGUSR1, SIG_IGN);
	domain_open(&d, 1, 1, NO_SLICE);
	machine_start_spare(&m, &d, wait_once, NULL);
	machine_kick(&m, SIGUSR1);
	machine_kick(&m, SIGCONT);
	ASSERT_EQ(0, domain_ring(&d));
	until(machine_at(&m) == 1);
	machine_join(&m);
}

/* No P is free: the handler has to wait for one. */
TEST(a_spare_handles_it_once_it_has_a_p)
{
	struct machine holder, spare;
	struct domain d;
	int go = 0;

	handle(SIGUSR1, 0);
	domain_open(&d, 1, 1, NO_SLICE);
	machine_start_holding(&holder, &d, hold, &go);
	machine_start_spare(&spare, &d, wait_once, NULL);
	machine_kick(&spare, SIGUSR1);
	until(load(&d.header->waiting) == 1);
	EXPECT_EQ(0, load(&handled_with_p) + load(&handled_without_p));
	EXPECT_EQ(0, machine_at(&spare));
	store(&go, 1);
	until(machine_at(&spare) == 1 + EINTR);
	EXPECT_EQ(1, load(&handled_with_p));
	EXPECT_EQ(0, load(&handled_without_p));
	machine_join(&holder);
	machine_join(&spare);
}

TEST(a_trapped_m_handles_it_once_it_has_a_p)
{
	struct cast c = { 0 };

	handle(SIGUSR1, 0);
	cast_start(&c);
	for (int i = 0; i < 10; i++) {
		machine_kick(&c.trapped, SIGUSR1);
		until(machine_sleeps(&c.trapped));
		EXPECT_EQ(1, load(&c.d.header->waiting));
		EXPECT_EQ(0, load(&handled_with_p) + load(&handled_without_p));
		EXPECT_EQ(1, machine_at(&c.trapped));
	}
	store(&c.go_on, 1);
	until(machine_at(&c.trapped) == 3);
	/* What comes while its handler is about to run is one more. */
	EXPECT_LE(1, load(&handled_with_p));
	EXPECT_GE(2, load(&handled_with_p));
	EXPECT_EQ(0, load(&handled_without_p));
	EXPECT_EQ(0, c.without_p);
}

/* The holder runs user code: the handler interrupts it there, on its P. */
TEST(a_holder_handles_it_at_once)
{
	struct cast c = { 0 };

	handle(SIGUSR1, 0);
	cast_start(&c);
	machine_kick(&c.holder, SIGUSR1);
	until(load(&handled_with_p) + load(&handled_without_p) == 1);
	EXPECT_EQ(1, load(&handled_with_p));
	EXPECT_EQ(1, load(&c.d.header->waiting));
	EXPECT_EQ(0, c.without_p);
}

/* Wakes it from its block, and it is trapped before the handler runs. */
TEST(a_blocked_m_handles_it_once_it_has_a_p)
{
	struct cast c = { 0 };

	handle(SIGUSR1, SA_RESTART);
	cast_start(&c);
	machine_kick(&c.blocked, SIGUSR1);
	until(load(&c.d.header->waiting) == 2);
	EXPECT_EQ(0, load(&handled_with_p) + load(&handled_without_p));
	store(&c.go_on, 1);
	until(load(&handled_with_p) + load(&handled_without_p) == 1);
	EXPECT_EQ(1, load(&handled_with_p));
	/* And its read goes on. */
	ASSERT_EQ(1, write(c.blocked_pipe[1], "x", 1));
	until(machine_at(&c.blocked) == 2);
	EXPECT_EQ(0, c.without_p);
}

TEST(a_wait_by_ring_is_interrupted)
{
	struct cast c = { 0 };

	handle(SIGUSR1, SA_RESTART);
	cast_start(&c);
	machine_kick(&c.by_ring, SIGUSR1);
	until(load(&c.d.header->waiting) == 2);
	EXPECT_EQ(0, load(&handled_with_p) + load(&handled_without_p));
	store(&c.go_on, 1);
	until(load(&handled_with_p) + load(&handled_without_p) == 1);
	EXPECT_EQ(1, load(&handled_with_p));
}

GOSCHED_TEST_MAIN

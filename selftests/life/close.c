// SPDX-License-Identifier: GPL-2.0
/*
 * The descriptor is closed under M's that are registered.
 */
#include "cast.h"
#include "kselftest_harness.h"

/* The mapping keeps the domain going as it was. */
TEST(the_mapping_keeps_it_alive)
{
	struct cast c = { 0 };

	cast_start(&c);
	ASSERT_EQ(0, close(c.d.fd));
	EXPECT_TRUE(domain_folder(getpid(), NULL, 0));
	EXPECT_EQ(1, machine_at(&c.trapped));
	EXPECT_EQ(1, load(&c.d.header->waiting));
	store(&c.go_on, 1);
	until(machine_at(&c.trapped) == 3);
	until(machine_at(&c.holder) == 2);
	ASSERT_EQ(1, write(c.blocked_pipe[1], "x", 1));
	until(machine_at(&c.blocked) == 2);
	EXPECT_EQ(0, c.without_p);
}

/* What goes on after the slots are gone must not look at them. */
struct orphans {
	struct domain d;
	struct machine holder, trapped;
	int pipes[2], stop, back;
};

static void hold(struct machine *m)
{
	struct orphans *o = m->arg;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(&o->stop);
	machine_step(m, 2);
}

static void block(struct machine *m)
{
	struct orphans *o = m->arg;
	char byte;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	CHECK_EQ(read(o->pipes[0], &byte, 1), 1);
	machine_step(m, 2);
}

/* Without a file, without a mapping: a domain that is closed holds nobody back. */
TEST(the_last_reference_lets_everybody_go)
{
	struct orphans o = { 0 };

	ASSERT_EQ(0, pipe(o.pipes));
	domain_open(&o.d, 1, 1, NO_SLICE);
	machine_start_holding(&o.trapped, &o.d, block, &o);
	until(load(&o.d.header->idle) == 1);
	machine_start_holding(&o.holder, &o.d, hold, &o);
	ASSERT_EQ(1, write(o.pipes[1], "x", 1));
	until(load(&o.d.header->waiting) == 1);
	EXPECT_EQ(1, machine_at(&o.trapped));
	domain_close(&o.d);
	until(machine_at(&o.trapped) == 2);
	EXPECT_EQ(1, machine_at(&o.holder));
	store(&o.stop, 1);
	machine_join(&o.holder);
	machine_join(&o.trapped);
	until(!domain_folder(getpid(), NULL, 0));
}

/* Blocked meanwhile, and back when the domain is long gone. */
TEST(a_block_outlives_the_domain)
{
	struct orphans o = { 0 };

	ASSERT_EQ(0, pipe(o.pipes));
	domain_open(&o.d, 1, 1, NO_SLICE);
	machine_start_holding(&o.trapped, &o.d, block, &o);
	until(load(&o.d.header->idle) == 1);
	domain_close(&o.d);
	ASSERT_EQ(1, write(o.pipes[1], "x", 1));
	until(machine_at(&o.trapped) == 2);
	machine_join(&o.trapped);
	until(!domain_folder(getpid(), NULL, 0));
}

static struct domain second;

/* An M of a closed domain may join another. */
static void join_another(struct machine *m)
{
	struct orphans *o = m->arg;
	struct machine again = { 0 };

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(&o->stop);
	machine_register(&again, &second);
	machine_step(m, 2);
}

TEST(an_m_of_a_closed_domain_is_free)
{
	struct orphans o = { 0 };

	domain_open(&o.d, 1, 1, NO_SLICE);
	domain_open(&second, 1, 1, NO_SLICE);
	machine_start_holding(&o.holder, &o.d, join_another, &o);
	domain_close(&o.d);
	store(&o.stop, 1);
	until(machine_at(&o.holder) == 2);
	machine_join(&o.holder);
}

GOSCHED_TEST_MAIN

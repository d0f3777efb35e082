// SPDX-License-Identifier: GPL-2.0
/*
 * Unloading the module: refused while it is in use, and clean afterwards.
 */
#include <sys/stat.h>

#include "cast.h"
#include "kselftest_harness.h"

static bool loaded(void)
{
	return access("/sys/module/gosched", F_OK) == 0;
}

/* Ends of files and rings may be late: EAGAIN and EBUSY are no answer yet. */
static void unload_and_load(void)
{
	int err;

	until(({
		err = module_unload();
		err != -EAGAIN && err != -EBUSY;
	}));
	CHECK_EQ(err, 0);
	CHECK(!loaded());
	CHECK(access(DEBUGFS_ROOT, F_OK) != 0);
	CHECK_EQ(gosched_open(), -ENOENT);
	module_load();
	until(access(GOSCHED_DEVICE, F_OK) == 0);
}

static void expect_in_use(struct __test_metadata *_metadata)
{
	int err = module_unload();

	EXPECT_TRUE(err == -EAGAIN || err == -EBUSY) TH_LOG("rmmod: %s", strerror(-err));
	EXPECT_TRUE(loaded());
}

TEST(refused_while_it_is_open)
{
	int fd = gosched_open();

	ASSERT_LE(0, fd);
	expect_in_use(_metadata);
	ASSERT_EQ(0, close(fd));
	unload_and_load();
}

TEST(refused_while_it_is_mapped)
{
	struct domain d;

	domain_open(&d, 1, 1, 0);
	ASSERT_EQ(0, close(d.fd));
	expect_in_use(_metadata);
	ASSERT_EQ(0, munmap(d.header, d.map_size));
	unload_and_load();
}

TEST(refused_while_m_s_are_in_every_state)
{
	struct cast *c = cast_shared();
	pid_t pid = cast_child(c, cast_pause);

	until(load(&c->ready));
	expect_in_use(_metadata);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	cast_reap(pid);
	unload_and_load();
}

/* Right after the death of a busy process, while its remains are torn down. */
TEST(at_once_after_a_kill)
{
	for (int i = 0; i < 5; i++) {
		struct cast *c = cast_shared();
		pid_t pid = cast_child(c, cast_pause);
		int status;

		until(load(&c->ready));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		unload_and_load();
	}
}

static void hold(struct machine *m)
{
	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(m->arg);
	machine_step(m, 2);
}

/*
 * No file, no mapping: what is left of the domain is a thread that has not come by
 * the module since.  It may be unloaded or not, but not break.
 */
TEST(with_an_m_of_a_closed_domain)
{
	struct machine m;
	struct domain d;
	int go = 0;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_start_holding(&m, &d, hold, &go);
	domain_close(&d);
	module_unload();
	store(&go, 1);
	until(machine_at(&m) == 2);
	machine_join(&m);
	if (!loaded())
		module_load();
	unload_and_load();
}

TEST(works_after_all_that)
{
	struct cast *c = cast_shared();
	pid_t pid = cast_child(c, cast_pause);

	until(load(&c->ready));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	cast_reap(pid);
	EXPECT_EQ(0, c->without_p);
}

GOSCHED_TEST_MAIN

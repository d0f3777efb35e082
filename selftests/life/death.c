// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a process and of single threads, in every state an M can be in:
 * nothing is left behind, and a P that was held goes on.
 */
#include <pthread.h>
#include <sys/syscall.h>

#include "cast.h"
#include "kselftest_harness.h"

static void exit_group(struct cast *c)
{
	_exit(7);
}

static void crash(struct cast *c)
{
	volatile int *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	signal(SIGSEGV, SIG_DFL);
	*nowhere = 0;
}

TEST(kill_9)
{
	for (int i = 0; i < 5; i++) {
		struct cast *c = cast_shared();
		pid_t pid = cast_child(c, cast_pause);
		int status;

		until(load(&c->ready));
		EXPECT_TRUE(domain_folder(pid, NULL, 0));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		status = cast_reap(pid);
		EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		EXPECT_EQ(0, c->without_p);
		EXPECT_EQ(1, c->trapped.step);
		EXPECT_EQ(1, c->blocked.step);
		EXPECT_EQ(0, c->spare.step);
	}
}

/* Aimed at each M in turn: the one that takes the signal is in a state of its own. */
TEST(kill_9_of_one_thread)
{
	for (int i = 0; i < 5; i++) {
		struct cast *c = cast_shared();
		pid_t pid = cast_child(c, cast_pause);
		struct machine *all[] = {
			&c->holder, &c->trapped, &c->blocked, &c->spare, &c->by_ring,
		};
		int status;

		until(load(&c->ready));
		ASSERT_EQ(0, tgkill(pid, all[i]->tid, SIGKILL));
		status = cast_reap(pid);
		EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		EXPECT_EQ(0, c->without_p);
	}
}

TEST(exit_of_the_process)
{
	struct cast *c = cast_shared();
	int status = cast_reap(cast_child(c, exit_group));

	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	EXPECT_EQ(0, c->without_p);
}

TEST(fatal_fault)
{
	struct cast *c = cast_shared();
	int status = cast_reap(cast_child(c, crash));

	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* Runs once the main thread, which had the P, has gone. */
static void outlive_main(struct machine *m)
{
	struct cast *c = m->arg;

	CHECK_EQ(machine_wait(m), 0);
	until(thread_state(getpid(), getpid()) == 'Z');
	add(&c->counted, 1);
	_exit(3);
}

static void exit_main_thread(struct cast *c)
{
	struct machine self = { 0 };

	domain_open(&c->d, 1, 1, NO_SLICE);
	machine_register(&self, &c->d);
	store(&c->d.header->runnable, 1);
	CHECK_EQ(machine_wait(&self), 0);
	store(&c->d.header->runnable, 0);
	machine_start_spare(&c->spare, &c->d, outlive_main, c);
	store(&c->d.header->runnable, 1);
	syscall(SYS_exit, 0);
}

TEST(exit_of_the_main_thread)
{
	struct cast *c = cast_shared();
	pid_t pid = CHECK_SYS(fork());
	int status;

	if (!pid)
		exit_main_thread(c);
	status = cast_reap(pid);
	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	EXPECT_EQ(1, c->counted);
}

static void hold_and_leave(struct machine *m)
{
	int *go = m->arg;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(go);
}

static void wait_once(struct machine *m)
{
	machine_step(m, 1 - machine_wait(m));
}

/* Each of these ends without a word, its P goes on to the next. */
TEST(a_thread_that_ends_gives_its_p_away)
{
	struct machine m[2];
	struct domain d;
	int go;

	domain_open(&d, 1, 1, NO_SLICE);
	for (int i = 0; i < 50; i++) {
		go = 0;
		store(&d.header->runnable, 0);
		machine_start_holding(&m[0], &d, hold_and_leave, &go);
		machine_start_spare(&m[1], &d, wait_once, NULL);
		store(&d.header->runnable, 1);
		store(&go, 1);
		until(machine_at(&m[1]) == 1);
		machine_join(&m[0]);
		machine_join(&m[1]);
		until(load(&d.header->idle) == 1);
	}
	EXPECT_EQ(0, load(&d.header->spares));
	EXPECT_EQ(0, load(&d.header->waiting));
}

/* In a critical section to the end. */
static void leave_inside(struct machine *m)
{
	CHECK_EQ(machine_wait(m), 0);
	machine_crit_enter(m);
	machine_step(m, 1);
}

TEST(a_thread_that_ends_in_a_critical_section)
{
	struct machine m;
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_start_spare(&m, &d, leave_inside, NULL);
	ASSERT_EQ(0, domain_ring(&d));
	machine_join(&m);
	until(load(&d.header->idle) == 1);
}

GOSCHED_TEST_MAIN

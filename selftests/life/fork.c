// SPDX-License-Identifier: GPL-2.0
/*
 * fork, vfork and exec by M's.
 */
#include <sched.h>
#include <sys/syscall.h>

#include "cast.h"
#include "kselftest_harness.h"

extern char **environ;

static void wait_once(struct machine *m)
{
	machine_step(m, 1 - machine_wait(m));
}

/* The child is no M: it runs although its parent has the only P. */
static void fork_while_holding(struct machine *m)
{
	int status = -1;
	pid_t pid;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	pid = CHECK_SYS(fork());
	if (!pid) {
		CHECK_EQ(machine_wait(m), -EPERM);
		_exit(11);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 11);
	CHECK(machine_holds(m));
	machine_step(m, 2);
}

TEST(fork_by_a_holder)
{
	struct machine m;
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_start_holding(&m, &d, fork_while_holding, NULL);
	until(machine_at(&m) == 2);
	machine_join(&m);
	until(load(&d.header->idle) == 1);
}

struct pair {
	struct machine parent, other;
	int go;
};

/* Its parent is blocked until the child is gone: the P goes on. */
static void vfork_while_holding(struct machine *m)
{
	struct pair *p = m->arg;
	int status = -1;
	pid_t pid;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(&p->go);
	pid = vfork();
	if (!pid) {
		while (!load(&p->other.step))
			sched_yield();
		_exit(12);
	}
	CHECK(machine_holds(m));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 12);
	machine_step(m, 2);
}

TEST(vfork_by_a_holder)
{
	struct pair p = { 0 };
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_start_holding(&p.parent, &d, vfork_while_holding, &p);
	machine_start_spare(&p.other, &d, wait_once, NULL);
	store(&d.header->runnable, 1);
	store(&p.go, 1);
	until(machine_at(&p.parent) == 2);
	machine_join(&p.parent);
	machine_join(&p.other);
}

/*
 * The program that is run instead asks, by an inherited descriptor, for what it
 * must not get.  /proc/self/exe is this program: see main().
 */
static void exec_self(struct machine *m)
{
	char number[16];
	int fd = CHECK_SYS(dup(m->d->fd));	/* without CLOEXEC */

	snprintf(number, sizeof(number), "%d", fd);
	execle("/proc/self/exe", "fork", "--after-exec", number, NULL, environ);
	CHECK(!"exec returned");
}

static int after_exec(const char *number)
{
	struct machine self = { 0 };
	struct domain d;
	int fd = atoi(number);

	CHECK_EQ(gosched_plain(fd, GOSCHED_IOC_WAIT), -EPERM);
	CHECK_EQ(gosched_plain(fd, GOSCHED_IOC_UNREGISTER), -EPERM);
	CHECK_EQ(gosched_plain(fd, GOSCHED_IOC_SHUTDOWN), -EPERM);
	CHECK_SYS(close(fd));
	until(!domain_folder(getpid(), NULL, 0));

	/* No trap is left behind: blocking calls work, a new domain too. */
	domain_open(&d, 1, 1, NO_SLICE);
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	CHECK_EQ(machine_wait(&self), 0);
	usleep(1000);
	CHECK(machine_holds(&self));
	return 42;
}

static void exec_from_main(struct cast *c)
{
	struct machine here = { .d = &c->d };

	exec_self(&here);
}

TEST(exec_under_everybody)
{
	struct cast *c = cast_shared();
	int status = cast_reap(cast_child(c, exec_from_main));

	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	EXPECT_EQ(0, c->without_p);
}

static void exec_while_holding(struct machine *m)
{
	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	exec_self(m);
}

static void run_exec_by_m(void (*fn)(struct machine *))
{
	struct machine m;
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	store(&d.header->runnable, 1);
	machine_start(&m, &d, fn, NULL);
	for (;;)
		pause();
}

static int exec_by_m(void (*fn)(struct machine *))
{
	pid_t pid = CHECK_SYS(fork());

	if (!pid)
		run_exec_by_m(fn);
	return cast_reap(pid);
}

TEST(exec_by_a_holder)
{
	int status = exec_by_m(exec_while_holding);

	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

TEST(exec_by_an_m_that_never_waited)
{
	int status = exec_by_m(exec_self);

	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

/* With its own WAIT pending in a ring. */
static void exec_with_a_wait_pending(struct machine *m)
{
	struct gosched_plain arg = { .size = sizeof(arg) };
	struct ring r;

	CHECK_EQ(ring_open(&r, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, false), 0);
	CHECK_EQ(machine_wait(m), 0);
	store(&m->d->header->runnable, 0);
	ring_prep_command(&r, m->d->fd, GOSCHED_IOC_WAIT, arg, 1);
	CHECK_EQ(ring_enter(&r, 0), 1);
	CHECK(machine_holds(m));
	exec_self(m);
}

TEST(exec_with_a_pending_wait)
{
	int status = exec_by_m(exec_with_a_wait_pending);

	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--after-exec"))
		return after_exec(argv[2]);
	return GOSCHED_TEST_RUN(argc, argv);
}

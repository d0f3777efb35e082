// SPDX-License-Identifier: GPL-2.0
/*
 * A process is stopped, frozen or traced while it has M's in every state.  Each
 * of these makes an M leave its sleep in the module without a P; it must not
 * reach user code by that.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#include "cast.h"
#include "kselftest_harness.h"

#define ROUNDS 20

/*
 * Somebody has the P and counts: the holder, or the M that was trapped, because to
 * be stopped is a block.  The others are where they were.
 */
static void check_in_place(struct cast *c)
{
	unsigned long counted = load(&c->counted);

	until(load(&c->counted) != counted);
	CHECK_EQ(load(&c->without_p), 0);
	CHECK_EQ(load(&c->shared_p), 0);
	CHECK_EQ(load(&c->blocked.step), 1);
	CHECK_EQ(load(&c->spare.step), 0);
	CHECK_EQ(load(&c->by_ring.step), 0);
}

/* The child's main thread watches the slots, which only its process can see. */
static void watch_then_end(struct cast *c)
{
	until(load(&c->ready) == 2);
	CHECK_EQ(load(&c->d.header->idle), 0);
	CHECK(load(&c->d.header->waiting) >= 1);
	store(&c->go_on, 1);
	until(load(&c->holder.step) == 2 && load(&c->trapped.step) == 3);
	CHECK_EQ(write(c->blocked_pipe[1], "x", 1), 1);
	until(load(&c->blocked.step) == 2);
	CHECK_EQ(load(&c->without_p), 0);
	CHECK_EQ(load(&c->shared_p), 0);
}

static void end(struct __test_metadata *_metadata, struct cast *c, pid_t pid)
{
	check_in_place(c);
	store(&c->ready, 2);
	EXPECT_EQ(0, cast_reap(pid));
}

TEST(stop_and_continue)
{
	struct cast *c = cast_shared();
	pid_t pid = cast_child(c, watch_then_end);
	int status;

	until(load(&c->ready));
	for (int i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, kill(pid, SIGSTOP));
		ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
		ASSERT_TRUE(WIFSTOPPED(status));
		ASSERT_EQ(0, kill(pid, SIGCONT));
		ASSERT_EQ(pid, waitpid(pid, &status, WCONTINUED));
		check_in_place(c);
	}
	end(_metadata, c, pid);
}

TEST(killed_while_stopped)
{
	struct cast *c = cast_shared();
	pid_t pid = cast_child(c, cast_pause);
	int status;

	until(load(&c->ready));
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	status = cast_reap(pid);
	EXPECT_TRUE(WIFSIGNALED(status));
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = CHECK_SYS(open(path, O_WRONLY | O_CLOEXEC));
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	CHECK_SYS(close(fd));
}

static bool frozen(const char *dir)
{
	char path[256], text[256] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.events", dir);
	fd = CHECK_SYS(open(path, O_RDONLY | O_CLOEXEC));
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	CHECK_SYS(close(fd));
	return strstr(text, "frozen 1");
}

TEST(freeze_and_thaw)
{
	char root[] = "/tmp/gosched-cgroup.XXXXXX", group[64], text[16];
	struct cast *c;
	pid_t pid;

	ASSERT_NE(NULL, mkdtemp(root));
	if (mount("cgroup2", root, "cgroup2", 0, NULL)) {
		rmdir(root);
		SKIP(return, "no cgroup2: %s", strerror(errno));
	}
	snprintf(group, sizeof(group), "%s/gosched-test", root);
	ASSERT_EQ(0, mkdir(group, 0755));
	c = cast_shared();
	pid = cast_child(c, watch_then_end);
	until(load(&c->ready));
	snprintf(text, sizeof(text), "%d", pid);
	write_file(group, "cgroup.procs", text);
	for (int i = 0; i < ROUNDS; i++) {
		write_file(group, "cgroup.freeze", "1");
		until(frozen(group));
		write_file(group, "cgroup.freeze", "0");
		until(!frozen(group));
		check_in_place(c);
	}
	end(_metadata, c, pid);
	until(rmdir(group) == 0);
	EXPECT_EQ(0, umount(root));
	EXPECT_EQ(0, rmdir(root));
}

/* Every M in turn is seized, interrupted, and let go. */
TEST(trace_and_let_go)
{
	struct cast *c = cast_shared();
	pid_t pid = cast_child(c, watch_then_end);
	struct machine *all[] = {
		&c->holder, &c->trapped, &c->blocked, &c->spare, &c->by_ring,
	};
	int status;

	until(load(&c->ready));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		pid_t tid = all[i]->tid;

		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, tid, NULL, NULL));
		for (int round = 0; round < 5; round++) {
			ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, tid, NULL, NULL));
			ASSERT_EQ(tid, waitpid(tid, &status, __WALL));
			ASSERT_TRUE(WIFSTOPPED(status));
			ASSERT_EQ(0, ptrace(PTRACE_CONT, tid, NULL, NULL));
		}
		ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, tid, NULL, NULL));
		ASSERT_EQ(tid, waitpid(tid, &status, __WALL));
		ASSERT_EQ(0, ptrace(PTRACE_DETACH, tid, NULL, NULL));
		check_in_place(c);
	}
	end(_metadata, c, pid);
}

GOSCHED_TEST_MAIN

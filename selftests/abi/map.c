// SPDX-License-Identifier: GPL-2.0
/*
 * The mapping of the shared slots: which ones are given, and who inherits them.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "harness.h"
#include "kselftest_harness.h"

static int map_error(int fd, size_t size, int prot, int flags, off_t offset)
{
	void *p = mmap(NULL, size, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, size);
	return 0;
}

TEST(before_setup)
{
	int fd = gosched_open();

	EXPECT_EQ(-ENXIO, map_error(fd, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0));
}

TEST(other_mappings_are_refused)
{
	const int rw = PROT_READ | PROT_WRITE;
	struct gosched_setup setup = {
		.size = sizeof(setup), .nr_procs = 1, .max_machines = 128,
	};
	struct domain d;

	domain_open_setup(&d, &setup);
	ASSERT_LE(8192, d.map_size);
	EXPECT_EQ(-EINVAL, map_error(d.fd, d.map_size + 4096, rw, MAP_SHARED, 0));
	EXPECT_EQ(-EINVAL, map_error(d.fd, d.map_size, rw, MAP_SHARED, 4096));
	EXPECT_EQ(-EINVAL, map_error(d.fd, d.map_size, rw, MAP_SHARED, 1ULL << 40));
	EXPECT_EQ(-EINVAL, map_error(d.fd, d.map_size, rw, MAP_PRIVATE, 0));
	EXPECT_EQ(-EINVAL, map_error(d.fd, d.map_size, rw | PROT_EXEC, MAP_SHARED, 0));
	EXPECT_EQ(-EINVAL, map_error(d.fd, d.map_size - 4096, rw, MAP_SHARED, 0));
}

TEST(never_becomes_executable)
{
	struct domain d;

	domain_open(&d, 1, 1, 0);
	EXPECT_EQ(-1, mprotect(d.header, d.map_size, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
}

TEST(two_mappings_are_one_memory)
{
	struct gosched_header *again;
	struct domain d;

	domain_open(&d, 1, 1, 0);
	again = mmap(NULL, d.map_size, PROT_READ | PROT_WRITE, MAP_SHARED, d.fd, 0);
	ASSERT_NE(MAP_FAILED, again);
	store(&d.header->runnable, 77);
	EXPECT_EQ(77, load(&again->runnable));
}

TEST(does_not_grow)
{
	struct domain d;

	domain_open(&d, 1, 1, 0);
	EXPECT_EQ(MAP_FAILED, mremap(d.header, d.map_size, d.map_size + 4096, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
}

/* A write from memory that is not there is EFAULT: no need to die of a signal. */
TEST(a_child_has_none)
{
	struct domain d;
	int status;
	pid_t pid;

	domain_open(&d, 1, 1, 0);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		int pipes[2];

		CHECK_SYS(pipe(pipes));
		CHECK_EQ(write(pipes[1], d.header, 1), -1);
		CHECK_EQ(errno, EFAULT);
		CHECK_EQ(map_error(d.fd, d.map_size, PROT_READ | PROT_WRITE, MAP_SHARED, 0),
			 -EPERM);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, load(&d.header->nr_procs));
}

TEST(outlives_the_descriptor)
{
	struct domain d;

	domain_open(&d, 1, 1, 0);
	ASSERT_EQ(0, close(d.fd));
	store(&d.header->runnable, 5);
	EXPECT_EQ(5, load(&d.header->runnable));
	EXPECT_TRUE(domain_folder(getpid(), NULL, 0));
	ASSERT_EQ(0, munmap(d.header, d.map_size));
	until(!domain_folder(getpid(), NULL, 0));
}

GOSCHED_TEST_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Who may use a domain: the process that opened it, and no other.  And what is
 * no command at all.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/mman.h>

#include "harness.h"
#include "kselftest_harness.h"

/* Every command but FEATURES, with an argument that its owner could use. */
static void check_refused_to_strangers(int fd)
{
	struct gosched_features features = { .size = sizeof(features) };
	struct gosched_setup setup = { .size = sizeof(setup), .nr_procs = 1, .max_machines = 1 };
	struct gosched_register reg = { .size = sizeof(reg) };
	struct gosched_procs procs = { .size = sizeof(procs), .nr_procs = 1 };

	CHECK_EQ(gosched_ioctl(fd, GOSCHED_IOC_FEATURES, &features), 0);
	CHECK_EQ(gosched_ioctl(fd, GOSCHED_IOC_SETUP, &setup), -EPERM);
	CHECK_EQ(gosched_ioctl(fd, GOSCHED_IOC_REGISTER, &reg), -EPERM);
	CHECK_EQ(gosched_ioctl(fd, GOSCHED_IOC_PROCS, &procs), -EPERM);
	CHECK_EQ(gosched_plain(fd, GOSCHED_IOC_UNREGISTER), -EPERM);
	CHECK_EQ(gosched_plain(fd, GOSCHED_IOC_WAIT), -EPERM);
	CHECK_EQ(gosched_plain(fd, GOSCHED_IOC_YIELD), -EPERM);
	CHECK_EQ(gosched_plain(fd, GOSCHED_IOC_RING), -EPERM);
	CHECK_EQ(gosched_plain(fd, GOSCHED_IOC_SHUTDOWN), -EPERM);
	CHECK_EQ(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED, 1);
	CHECK_EQ(errno, EPERM);
}

static void check_refused_by_ring(int fd)
{
	struct gosched_plain arg = { .size = sizeof(arg) };
	uint64_t user_data;
	struct ring r;
	int res;

	CHECK_EQ(ring_open(&r, 0, false), 0);
	ring_prep_command(&r, fd, GOSCHED_IOC_WAIT, arg, 1);
	CHECK_EQ(ring_enter(&r, 1), 1);
	CHECK(ring_reap(&r, &user_data, &res));
	CHECK_EQ(res, -EPERM);
}

static int wait_for_child(pid_t pid)
{
	int status = -1;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

TEST(child_of_the_owner)
{
	struct machine self = { 0 };
	struct domain d;
	pid_t pid;

	domain_open(&d, 1, 1, NO_SLICE);
	machine_register(&self, &d);
	store(&d.header->runnable, 1);
	ASSERT_EQ(0, machine_wait(&self));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		check_refused_to_strangers(d.fd);
		check_refused_by_ring(d.fd);
		_exit(0);
	}
	EXPECT_EQ(0, wait_for_child(pid));
	EXPECT_EQ(1, load(&d.header->nr_procs));
	EXPECT_TRUE(machine_holds(&self));
	EXPECT_EQ(0, machine_yield(&self));
}

TEST(child_of_the_owner_before_setup)
{
	int fd = gosched_open();
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		check_refused_to_strangers(fd);
		_exit(0);
	}
	EXPECT_EQ(0, wait_for_child(pid));
}

/* Shares the memory, but is another process. */
TEST(vfork_child)
{
	struct domain d;
	pid_t pid;

	domain_open(&d, 1, 1, NO_SLICE);
	pid = vfork();
	if (!pid) {
		check_refused_to_strangers(d.fd);
		_exit(0);
	}
	EXPECT_EQ(0, wait_for_child(pid));
}

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

static void send_fd(int sock, int fd)
{
	struct iovec byte = { .iov_base = "x", .iov_len = 1 };
	union control control = { 0 };
	struct msghdr msg = {
		.msg_iov = &byte, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	CHECK_EQ(sendmsg(sock, &msg, 0), 1);
}

static int receive_fd(int sock)
{
	char byte_space;
	struct iovec byte = { .iov_base = &byte_space, .iov_len = 1 };
	union control control;
	struct msghdr msg = {
		.msg_iov = &byte, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd;

	CHECK_EQ(recvmsg(sock, &msg, 0), 1);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

TEST(unrelated_process)
{
	int sockets[2];
	struct domain d;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork();		/* it is no child of a process with a domain */
	ASSERT_LE(0, pid);
	if (!pid) {
		int fd = receive_fd(sockets[1]);

		check_refused_to_strangers(fd);
		check_refused_by_ring(fd);
		_exit(0);
	}
	domain_open(&d, 1, 1, NO_SLICE);
	send_fd(sockets[0], d.fd);
	EXPECT_EQ(0, wait_for_child(pid));
	EXPECT_EQ(-ENOENT, domain_ring(&d));
}

/* The owner is gone, its file is not: nobody's. */
TEST(the_owner_is_gone)
{
	int sockets[2], fd;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct machine self = { 0 };
		struct domain d;

		domain_open(&d, 1, 1, NO_SLICE);
		machine_register(&self, &d);
		store(&d.header->runnable, 1);
		CHECK_EQ(machine_wait(&self), 0);
		send_fd(sockets[1], d.fd);
		_exit(0);
	}
	fd = receive_fd(sockets[0]);
	EXPECT_EQ(0, wait_for_child(pid));
	check_refused_to_strangers(fd);
	EXPECT_TRUE(domain_folder(pid, NULL, 0));
	EXPECT_EQ(0, close(fd));
	until(!domain_folder(pid, NULL, 0));
}

TEST(no_such_command)
{
	const unsigned long commands[] = {
		_IOW(GOSCHED_IOC_MAGIC, 0x09, struct gosched_plain),
		_IOW(GOSCHED_IOC_MAGIC, 0x7f, struct gosched_plain),
		_IOWR(GOSCHED_IOC_MAGIC, 0xff, struct gosched_procs),
		_IO(GOSCHED_IOC_MAGIC, 0x80),
		_IOW(GOSCHED_IOC_MAGIC + 1, 0x06, struct gosched_plain),
		_IOW('x', 0x04, struct gosched_plain),
		TCGETS, 0, ~0U,
	};
	struct gosched_plain arg = { .size = sizeof(arg) };
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		refuse_whole(&d, commands[i], &arg, sizeof(arg), -ENOTTY);
}

/* Reading and writing mean nothing here. */
TEST(no_reads_or_writes)
{
	int fd = gosched_open();
	char byte = 0;

	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
}

TEST(closed_descriptor)
{
	struct domain d;

	domain_open(&d, 1, 1, NO_SLICE);
	ASSERT_EQ(0, close(d.fd));
	EXPECT_EQ(-EBADF, domain_ring(&d));
}

GOSCHED_TEST_MAIN

// SPDX-License-Identifier: MIT
/*
 * Where io_uring is barred: the same functions by plain system calls.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ktap.h"

/* For this process: io_uring_setup() fails as where an administrator has barred it. */
static void bar_io_uring(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = filter };

	CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	CHECK_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
	CHECK_EQ(syscall(SYS_io_uring_setup, 1, NULL), -1);
	CHECK_EQ(errno, EPERM);
}

static void run_barred(int (*fn)(void *))
{
	const char *backend = getenv("GOSCHED_BACKEND");

	/* This one cannot be had then, by its very nature. */
	if (backend && !strcmp(backend, "uring"))
		setenv("GOSCHED_BACKEND", "ioctl", 1);
	bar_io_uring();
	CHECK_EQ(go_run(fn, NULL), 0);
}

static void send_text(int fd, const char *text)
{
	CHECK_EQ(go_write(fd, text, strlen(text)), strlen(text));
}

static int pipe_body(void *arg)
{
	char buf[8] = "";
	int fd[2];

	(void)arg;
	/* One P: it must come free while the reader blocks. */
	go_maxprocs(1);
	CHECK_EQ(pipe(fd), 0);
	go(send_text, fd[1], "later");
	CHECK_EQ(go_read(fd[0], buf, sizeof(buf)), 5);
	CHECK(!strcmp(buf, "later"));
	CHECK_EQ(go_read(-1, buf, sizeof(buf)), -EBADF);
	CHECK_EQ(go_close(fd[1]), 0);
	CHECK_EQ(go_close(fd[1]), -EBADF);
	CHECK_EQ(go_read(fd[0], buf, sizeof(buf)), 0);
	return 0;
}

static void a_pipe(void)
{
	run_barred(pipe_body);
}

static void read_byte(int fd, go_waitgroup *wg)
{
	char c;

	CHECK_EQ(go_read(fd, &c, 1), 1);
	go_waitgroup_done(wg);
}

static int readers_body(void *arg)
{
	enum { N = 30 };
	go_waitgroup wg = {};
	char bytes[N] = "";
	int fd[2], i;

	(void)arg;
	go_maxprocs(2);
	CHECK_EQ(pipe(fd), 0);
	go_waitgroup_add(&wg, N);
	for (i = 0; i < N; i++)
		go(read_byte, fd[0], &wg);
	CHECK_EQ(go_write(fd[1], bytes, N), N);
	go_waitgroup_wait(&wg);
	return 0;
}

static void more_readers_than_processors(void)
{
	run_barred(readers_body);
}

static int port_of(int fd)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	CHECK_EQ(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	return ntohs(addr.sin_port);
}

static void answer(int listener)
{
	int fd = go_accept(listener, NULL, NULL);
	char c;

	CHECK(fd >= 0);
	CHECK_EQ(go_read(fd, &c, 1), 1);
	CHECK_EQ(go_write(fd, &c, 1), 1);
	CHECK_EQ(go_close(fd), 0);
}

static void ask(int port, int64_t deadline)
{
	int fd = go_tcp_dial("127.0.0.1", port, deadline);
	char c = 'x';

	CHECK(fd >= 0);
	CHECK_EQ(go_write(fd, &c, 1), 1);
	CHECK_EQ(go_read(fd, &c, 1), 1);
	CHECK_EQ(go_read(fd, &c, 1), 0);
	CHECK_EQ(go_close(fd), 0);
}

static int tcp_body(void *arg)
{
	int listener = go_tcp_listen("127.0.0.1", 0), port;

	(void)arg;
	CHECK(listener >= 0);
	port = port_of(listener);
	go(answer, listener);
	ask(port, 0);
	go(answer, listener);
	ask(port, go_now() + GO_HOUR);
	CHECK_EQ(go_tcp_dial("127.0.0.1", port, go_now() - 1), -ETIMEDOUT);
	CHECK_EQ(go_close(listener), 0);
	CHECK_EQ(go_tcp_dial("127.0.0.1", port, go_now() + GO_HOUR), -ECONNREFUSED);
	return 0;
}

static void tcp(void)
{
	run_barred(tcp_body);
}

static int deadline_body(void *arg)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), i;

	(void)arg;
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_EQ(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	CHECK_EQ(listen(fd, 0), 0);
	addr.sin_port = htons((uint16_t)port_of(fd));
	/* One is established, one waits, and no more are let in. */
	for (i = 0; i < 2; i++)
		connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
			(struct sockaddr *)&addr, sizeof(addr));
	CHECK_EQ(go_tcp_dial("127.0.0.1", port_of(fd), go_now() + 50 * GO_MILLISECOND),
		 -ETIMEDOUT);
	return 0;
}

static void dial_ends_at_its_deadline(void)
{
	run_barred(deadline_body);
}

static const struct ktap_case cases[] = {
	KTAP_PLAIN(a_pipe),
	KTAP_PLAIN(more_readers_than_processors),
	KTAP_PLAIN(tcp),
	KTAP_PLAIN(dial_ends_at_its_deadline),
};

KTAP_MAIN(cases)

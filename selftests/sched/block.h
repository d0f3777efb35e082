/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ways to block in the kernel: prepared and ended by the controller, entered by
 * an M that knows nothing of it but a function to call.
 */
#ifndef GOSCHED_BLOCK_H
#define GOSCHED_BLOCK_H

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "harness.h"

#define BLOCK_PAGE 4096

struct block {
	int pipes[2];
	uint32_t word;
	int held, wanted;		/* two open descriptions of one file */
	int uffd;
	volatile char *page;
	int handled;			/* signal handlers that ran on a P */
};

struct block_kind {
	void (*prepare)(struct block *b);
	void (*enter)(struct block *b);
	void (*end)(struct block *b, struct machine *m);
};

static inline void pipe_prepare(struct block *b)
{
	CHECK_SYS(pipe(b->pipes));
}

static inline void pipe_enter(struct block *b)
{
	char byte;

	CHECK_EQ(read(b->pipes[0], &byte, 1), 1);
}

static inline void pipe_end(struct block *b, struct machine *m)
{
	CHECK_EQ(write(b->pipes[1], "x", 1), 1);
}

static inline void futex_prepare(struct block *b)
{
	b->word = 0;
}

static inline void futex_enter(struct block *b)
{
	while (!load(&b->word))
		syscall(SYS_futex, &b->word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static inline void futex_end(struct block *b, struct machine *m)
{
	store(&b->word, 1);
	CHECK_SYS(syscall(SYS_futex, &b->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
}

static struct block *nanosleep_block;

static inline void nanosleep_handler(int sig)
{
	if (machine_holds(machine_self))
		add(&nanosleep_block->handled, 1);
}

static inline void nanosleep_prepare(struct block *b)
{
	struct sigaction action = { .sa_handler = nanosleep_handler };

	nanosleep_block = b;
	CHECK_SYS(sigaction(SIGUSR1, &action, NULL));
}

/* Longer than any test: what ends it is a signal, whose handler needs a P too. */
static inline void nanosleep_enter(struct block *b)
{
	const struct timespec hour = { .tv_sec = 3600 };

	CHECK_EQ(nanosleep(&hour, NULL), -1);
	CHECK_EQ(errno, EINTR);
	CHECK_EQ(load(&b->handled), 1);
}

static inline void nanosleep_end(struct block *b, struct machine *m)
{
	machine_kick(m, SIGUSR1);
}

static inline void flock_prepare(struct block *b)
{
	char path[64];

	b->held = CHECK_SYS(memfd_create("flock", 0));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", b->held);
	b->wanted = CHECK_SYS(open(path, O_RDWR));
	CHECK_SYS(flock(b->held, LOCK_EX));
}

static inline void flock_enter(struct block *b)
{
	CHECK_SYS(flock(b->wanted, LOCK_EX));
}

static inline void flock_end(struct block *b, struct machine *m)
{
	CHECK_SYS(flock(b->held, LOCK_UN));
}

static inline void userfault_prepare(struct block *b)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	b->uffd = CHECK_SYS(syscall(SYS_userfaultfd, O_CLOEXEC));
	CHECK_SYS(ioctl(b->uffd, UFFDIO_API, &api));
	b->page = mmap(NULL, BLOCK_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	CHECK(b->page != MAP_FAILED);
	reg.range.start = (uintptr_t)b->page;
	reg.range.len = BLOCK_PAGE;
	CHECK_SYS(ioctl(b->uffd, UFFDIO_REGISTER, &reg));
}

static inline void userfault_enter(struct block *b)
{
	CHECK_EQ(b->page[7], 0);
}

static inline void userfault_end(struct block *b, struct machine *m)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)b->page, .len = BLOCK_PAGE },
	};

	CHECK_SYS(ioctl(b->uffd, UFFDIO_ZEROPAGE, &zero));
}

#define BLOCK_KIND(name) { name##_prepare, name##_enter, name##_end }

#endif /* GOSCHED_BLOCK_H */

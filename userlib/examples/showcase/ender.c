// SPDX-License-Identifier: MIT
/*
 * Ends blocks: see ender.h.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "ender.h"

static void ender_pass_time(const struct ender *e)
{
	const struct timespec half = { .tv_nsec = BLOCK_MS * 1000000L / 2 };

	nanosleep(&half, NULL);
	if (e->half_way)
		e->half_way();
	nanosleep(&half, NULL);
}

static void ender_ack(const struct ender *e)
{
	if (write(e->ack, "x", 1) != 1)
		err(1, "ender: ack");
}

static void ender_pipe(const struct ender *e)
{
	ender_ack(e);
	ender_pass_time(e);
	if (write(e->pipe, "x", 1) != 1)
		err(1, "ender: pipe");
}

/* The time runs from the fault on. */
static void ender_fault(const struct ender *e)
{
	struct uffdio_zeropage zero = { .range.len = 4096 };
	struct uffd_msg msg;

	ender_ack(e);
	if (read(e->uffd, &msg, sizeof(msg)) != sizeof(msg))
		err(1, "ender: userfaultfd");
	ender_pass_time(e);
	zero.range.start = msg.arg.pagefault.address & ~4095ULL;
	if (ioctl(e->uffd, UFFDIO_ZEROPAGE, &zero))
		err(1, "ender: UFFDIO_ZEROPAGE");
}

static void ender_flock(const struct ender *e)
{
	int fd = open(e->lock_path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX))
		err(1, "ender: %s", e->lock_path);
	ender_ack(e);
	ender_pass_time(e);
	close(fd);
}

static void ender_flag(const struct ender *e)
{
	ender_ack(e);
	ender_pass_time(e);
	*e->flag = 1;
}

void ender_serve(const struct ender *e)
{
	char what;

	while (read(e->request, &what, 1) == 1) {
		switch (what) {
		case ENDER_PIPE:
			ender_pipe(e);
			break;
		case ENDER_FAULT:
			ender_fault(e);
			break;
		case ENDER_FLOCK:
			ender_flock(e);
			break;
		case ENDER_FLAG:
			ender_flag(e);
			break;
		default:
			errx(1, "ender: asked for '%c'", what);
		}
	}
}

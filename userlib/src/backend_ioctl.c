// SPDX-License-Identifier: MIT
/*
 * The module, with spare M's waiting in an ioctl: where io_uring is barred, and on
 * kernels that lack what the uring backend needs.
 *
 * The ioctl waits for nothing but a P.  So the poller does not wait as a spare: it
 * sleeps in ppoll(), for the module an M that blocks like any other, which is given a
 * P before it comes back.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "backend_kmod.h"
#include "sched/types.h"

static int ioctl_open(struct go_backend_config *config)
{
	return go_kmod_open(config, GOSCHED_FEAT_RETIRE);
}

static int wait_as_spare(void)
{
	int ret;

	do {
		ret = go_kmod_plain(go_kmod_mine, GOSCHED_IOC_WAIT, 0);
	} while (ret == -EINTR);
	return ret;
}

/* The P is handed on when ppoll() blocks, and so not from inside a critical section. */
static int wait_as_poller(struct go_m *m, const struct go_backend_wait *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	struct go_kmod *k = go_kmod_mine;
	struct timespec ts;
	int ret;

	atomic_store(&k->poller_fd, w->fd);
	__atomic_store_n(&m->slot->crit, 0, __ATOMIC_RELEASE);
	do {
		/* Pairs with ioctl_shutdown(): it sees poller_fd, or this sees down. */
		if (atomic_load(&k->down))
			break;
		if (w->deadline) {
			int64_t left = go_kmod_time_left(w->deadline);

			ts = (struct timespec){ left / 1000000000, left % 1000000000 };
		}
		ret = ppoll(&p, 1, w->deadline ? &ts : NULL, NULL);
	} while (ret < 0 && errno == EINTR);
	__atomic_store_n(&m->slot->crit, 1, __ATOMIC_SEQ_CST);
	atomic_store(&k->poller_fd, -1);
	return go_kmod_held(m);
}

static int ioctl_wait(struct go_m *m, const struct go_backend_wait *w)
{
	bool poller = w->fd >= 0 || w->deadline;

	/* Before its first WAIT an M is not held back, so that must come first. */
	if (poller && m->slot->proc != GOSCHED_NO_PROC)
		return wait_as_poller(m, w);
	return wait_as_spare();
}

static void ioctl_shutdown(bool retire)
{
	const uint64_t one = 1;
	int fd;

	go_kmod_shutdown(retire);
	fd = atomic_load(&go_kmod_now->poller_fd);
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;		/* the count is at its limit: it is readable anyhow */
}

const struct go_backend go_backend_ioctl = {
	.name		= "ioctl",
	.open		= ioctl_open,
	.close		= go_kmod_close,
	.attach		= go_kmod_attach,
	.detach		= go_kmod_detach,
	.wait		= ioctl_wait,
	.yield		= go_kmod_yield,
	.ring		= go_kmod_ring,
	.set_procs	= go_kmod_set_procs,
	.shutdown	= ioctl_shutdown,
};

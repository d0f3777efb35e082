/* SPDX-License-Identifier: MIT */
/*
 * What the two backends that use the module have in common: everything but how a
 * spare M waits.
 */
#ifndef GO_BACKEND_KMOD_H
#define GO_BACKEND_KMOD_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"

/*
 * A domain.  An M that sits in a foreign call when a run ends comes back later, and its
 * thread looks at its slot on the way out.  So the domain is counted: it goes with the
 * last of its M's, and the next run has one of its own.
 */
struct go_kmod {
	int fd;
	struct gosched_header *header;
	size_t map_size;
	_Atomic unsigned int users;	/* open() and the attached M's */
	_Atomic bool down;		/* shut down */
	_Atomic int poller_fd;		/* ioctl backend: what its poller sleeps on, or -1 */
};

/* The domain of the run that is on, and the one that the calling M belongs to. */
extern struct go_kmod *go_kmod_now;
extern __thread struct go_kmod *go_kmod_mine;

/*
 * Open the device and set up a domain that has all of @features.  0; -ENODEV when it
 * cannot be had, with config->why telling the reason; another negative errno.
 */
int go_kmod_open(struct go_backend_config *config, uint64_t features);
void go_kmod_close(void);

int go_kmod_attach(struct go_m *m, void *retire_ip, void *retire_sp);
void go_kmod_detach(struct go_m *m);
int go_kmod_yield(struct go_m *m);

/*
 * For the end of a wait: 0 when the M holds a P, -ESHUTDOWN when not.  A wait that ended
 * for another reason may find only on its way to user mode that nobody is held back any
 * more.
 */
int go_kmod_held(const struct go_m *m);

int go_kmod_ring(void);
int go_kmod_set_procs(unsigned int nr_procs);
void go_kmod_shutdown(bool retire);

/* One of the commands that need no more than &struct gosched_plain. */
int go_kmod_plain(const struct go_kmod *k, unsigned long number, uint32_t flags);

/* Nanoseconds until @deadline (CLOCK_MONOTONIC), at least 0. */
int64_t go_kmod_time_left(int64_t deadline);

#endif /* GO_BACKEND_KMOD_H */

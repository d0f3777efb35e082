// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that are M's, and what /proc says of them.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>

#include "harness.h"

__thread struct machine *machine_self;

void machine_register(struct machine *m, struct domain *d)
{
	struct gosched_register arg = { .size = sizeof(arg) };

	m->d = d;
	CHECK_EQ(gosched_ioctl(d->fd, GOSCHED_IOC_REGISTER, &arg), 0);
	m->id = arg.machine;
	m->slot = domain_mslot(d, m->id);
	machine_self = m;
	store(&m->tid, gettid());
}

static void *machine_main(void *arg)
{
	struct machine *m = arg;

	machine_register(m, m->d);
	m->fn(m);
	return NULL;
}

void machine_start(struct machine *m, struct domain *d, void (*fn)(struct machine *m), void *arg)
{
	*m = (struct machine){ .d = d, .fn = fn, .arg = arg };
	CHECK_EQ(pthread_create(&m->thread, NULL, machine_main, m), 0);
	until(load(&m->tid));
}

void machine_start_spare(struct machine *m, struct domain *d, void (*fn)(struct machine *m),
			 void *arg)
{
	unsigned int spares = load(&d->header->spares);

	machine_start(m, d, fn, arg);
	until(load(&d->header->spares) == spares + 1);
	until(machine_sleeps(m));
}

void machine_start_holding(struct machine *m, struct domain *d, void (*fn)(struct machine *m),
			   void *arg)
{
	machine_start_spare(m, d, fn, arg);
	CHECK_EQ(domain_ring(d), 0);
	until(machine_at(m) >= 1);
}

void machine_join(struct machine *m)
{
	CHECK_EQ(pthread_join(m->thread, NULL), 0);
}

int machine_wait(struct machine *m)
{
	return gosched_plain(m->d->fd, GOSCHED_IOC_WAIT);
}

int machine_yield(struct machine *m)
{
	return gosched_plain(m->d->fd, GOSCHED_IOC_YIELD);
}

void machine_step(struct machine *m, int step)
{
	store(&m->step, step);
}

void machine_crit_enter(struct machine *m)
{
	add(&m->slot->crit, 1);
}

void machine_crit_exit(struct machine *m)
{
	add(&m->slot->crit, -1);
}

void machine_until(int *go)
{
	while (!load(go))
		__builtin_ia32_pause();
}

int machine_at(struct machine *m)
{
	return load(&m->step);
}

bool machine_holds(struct machine *m)
{
	return load(&m->slot->proc) != GOSCHED_NO_PROC;
}

bool machine_sleeps(struct machine *m)
{
	return thread_state(getpid(), m->tid) == 'S';
}

void machine_kick(struct machine *m, int sig)
{
	CHECK_SYS(tgkill(getpid(), m->tid, sig));
}

char thread_state(pid_t tgid, pid_t tid)
{
	char path[64], text[512], *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", tgid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* The name before it may hold anything. */
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : 0;
}

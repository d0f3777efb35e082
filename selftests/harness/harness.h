/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the module share: domains, threads as M's, events, rings.
 *
 * The tests know nothing but <linux/gosched.h>.  A test has a *controller*, the
 * main thread, which is usually no M, and M's, which are threads that run a
 * function each.  M's tell the controller how far they are by machine_step();
 * the controller waits for that, for the shared slots and for /proc with
 * until(), never for time.
 *
 * A check that fails ends the test's whole process with a message, whatever
 * thread it fails in: the kselftest harness runs each test in its own process,
 * and its ASSERT_*() may only be used in the main thread.
 */
#ifndef GOSCHED_HARNESS_H
#define GOSCHED_HARNESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/gosched.h>

#define DEBUGFS_ROOT "/sys/kernel/debug/gosched"
#define MODULE_PARAMETERS "/sys/module/gosched/parameters"

/* Shared words have one writer; sequential consistency keeps the tests simple. */
#define load(p)		__atomic_load_n((p), __ATOMIC_SEQ_CST)
#define store(p, v)	__atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define add(p, v)	__atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)

/* check.c: checks for any thread, and events. */
void check_failed(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
unsigned int test_scale(void);	/* $GOSCHED_TEST_SCALE, at least 1 */
int64_t clock_ns(void);

#define CHECK(cond) do {							\
	if (!(cond))								\
		check_failed(__FILE__, __LINE__, "%s does not hold", #cond);	\
} while (0)

#define CHECK_EQ(seen, expected) do {						\
	long long seen_ = (long long)(seen), expected_ = (long long)(expected);	\
										\
	if (seen_ != expected_)							\
		check_failed(__FILE__, __LINE__, "%s is %lld, not %s (%lld)",	\
			     #seen, seen_, #expected, expected_);		\
} while (0)

/* A libc call that must not fail; its value. */
#define CHECK_SYS(call) ({							\
	__typeof__(call) ret_ = (call);						\
										\
	if (ret_ == (__typeof__(call))-1)					\
		check_failed(__FILE__, __LINE__, "%s: %m", #call);		\
	ret_;									\
})

struct until {
	int64_t deadline;
};

struct until until_begin(void);
bool until_again(struct until *u);	/* a short pause; false: waited too long */

/* Wait for an event.  The bound is generous and only there to end a broken run. */
#define until(cond) do {							\
	struct until u_ = until_begin();					\
										\
	while (!(cond))								\
		if (!until_again(&u_))						\
			check_failed(__FILE__, __LINE__, "never: %s", #cond);	\
} while (0)

/* Commands: 0 or a negative errno. */
int gosched_open(void);
int gosched_ioctl(int fd, unsigned long cmd, void *arg);
int gosched_plain(int fd, unsigned long cmd);

/* domain.c: an open file, set up and mapped. */
struct domain {
	int fd;
	size_t map_size;
	struct gosched_header *header;
};

#define NO_SLICE GOSCHED_MAX_SLICE_NS	/* longer than a test may last */

void domain_open(struct domain *d, unsigned int nr_procs, unsigned int max_procs,
		 uint64_t slice_ns);
void domain_open_setup(struct domain *d, struct gosched_setup *setup);
void domain_close(struct domain *d);
struct gosched_pslot *domain_pslot(const struct domain *d, unsigned int proc);
struct gosched_mslot *domain_mslot(const struct domain *d, unsigned int machine);
int domain_ring(const struct domain *d);
int domain_procs(const struct domain *d, unsigned int nr_procs);	/* old number or -errno */
/* Of the only domain that process @tgid has: its debugfs folder and files. */
bool domain_folder(pid_t tgid, char *path, size_t size);
bool domain_read(pid_t tgid, const char *file, char *text, size_t size);
uint64_t domain_counter(pid_t tgid, const char *name);

/* machine.c: threads that are M's. */
struct machine {
	struct domain *d;
	void (*fn)(struct machine *m);
	void *arg;
	pthread_t thread;
	pid_t tid;
	unsigned int id;
	struct gosched_mslot *slot;
	int step;
};

void machine_start(struct machine *m, struct domain *d, void (*fn)(struct machine *m),
		   void *arg);		/* returns once it is registered */
void machine_join(struct machine *m);
void machine_register(struct machine *m, struct domain *d);	/* the calling thread */
extern __thread struct machine *machine_self;	/* for signal handlers */
/* By the M itself: */
int machine_wait(struct machine *m);
int machine_yield(struct machine *m);
void machine_step(struct machine *m, int step);
void machine_crit_enter(struct machine *m);
void machine_crit_exit(struct machine *m);	/* leaves a need-resched flag alone */
void machine_until(int *go);			/* in user code until it is set */
/* By the controller: */
void machine_start_holding(struct machine *m, struct domain *d, void (*fn)(struct machine *m),
			   void *arg);		/* returns once it has had a P and said step 1 */
void machine_start_spare(struct machine *m, struct domain *d, void (*fn)(struct machine *m),
			 void *arg);		/* returns once it waits */
int machine_at(struct machine *m);		/* its last step */
bool machine_holds(struct machine *m);
bool machine_sleeps(struct machine *m);		/* in the kernel, whatever for */
void machine_kick(struct machine *m, int sig);

char thread_state(pid_t tgid, pid_t tid);	/* of /proc/…/stat; 0: gone */

/* ring.c: a small io_uring without liburing. */
struct io_uring_cqe;
struct io_uring_sqe;
struct ring {
	int fd;
	void *map, *sqes;
	size_t map_size, sqes_size;
	unsigned int *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	unsigned int pending;		/* prepared, not yet submitted */
	struct io_uring_cqe *cqes;
};

/* @own_memory: the rings stay readable after the ring is closed.  0 or -errno. */
int ring_open(struct ring *r, unsigned int flags, bool own_memory);
void ring_close(struct ring *r);
struct io_uring_sqe *ring_sqe(struct ring *r, uint64_t user_data);
void ring_prep_command(struct ring *r, int fd, unsigned int cmd, struct gosched_plain arg,
		       uint64_t user_data);
int ring_enter(struct ring *r, unsigned int min_complete);	/* number submitted or -errno */
bool ring_reap(struct ring *r, uint64_t *user_data, int *res);

/* refuse.c: what every command must refuse, one fault at a time. */
struct refusal {
	const char *what;
	size_t offset, width;		/* of the field that is wrong */
	uint64_t value;			/* that it is given */
	int err;			/* that must come, negative */
};

#define REFUSE(type, member, val, error)					\
	{ #type "." #member " = " #val, offsetof(struct type, member),		\
	  sizeof(((struct type *)0)->member), (val), (error) }

/* Each case, on a copy of @good: the error is exact and nothing has changed. */
void refuse_fields(struct domain *d, unsigned long cmd, const void *good, size_t size,
		   const struct refusal *cases, size_t nr);
/* Sizes, flags outside @known_flags, and pointers. */
void refuse_common(struct domain *d, unsigned long cmd, const void *good, size_t size,
		   uint32_t known_flags);
/* @good itself, which must be refused here. */
void refuse_whole(struct domain *d, unsigned long cmd, const void *good, size_t size, int err);
/* A longer struct whose tail is 0 must do what @good does: 0. */
void accept_longer(int fd, unsigned long cmd, const void *good, size_t size, void *result);

/* module.c: the module itself, for tests that unload it or set its parameters. */
int module_unload(void);		/* 0 or -errno */
void module_load(void);
void module_set(const char *parameter, const char *value);

/* A program's main(): as TEST_HARNESS_MAIN, with time-outs scaled. */
#define GOSCHED_TEST_RUN(argc, argv) ({						\
	struct __fixture_metadata *f_;						\
	struct __test_metadata *t_;						\
										\
	for (f_ = __fixture_list; f_; f_ = f_->next)				\
		for (t_ = f_->tests; t_; t_ = t_->next)				\
			t_->timeout *= test_scale();				\
	test_harness_run(argc, argv);						\
})

#define GOSCHED_TEST_MAIN							\
	int main(int argc, char **argv)						\
	{									\
		return GOSCHED_TEST_RUN(argc, argv);				\
	}

#endif /* GOSCHED_HARNESS_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Only an M that holds a P runs user code, and no P is held twice: counted, by M's
 * that block at random, in their own loop.  The same count with the trap switched
 * off shows that the test can fail.
 */
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#include "harness.h"
#include "kselftest_harness.h"

#define NR_MACHINES 5
#define NR_BLOCKS 200
#define LOOPS 300

struct tally {
	uint64_t loops;		/* iterations of user code */
	uint64_t without_p;	/* of them without a P */
	uint64_t shared_p;	/* on a P that another M was using */
};

struct load {
	struct domain d;
	struct machine m[NR_MACHINES];
	struct tally tally[NR_MACHINES];
	unsigned int owner[4];
	int pipes[2];
	int finished;
};

/* Inside a critical section nobody else may use the P. */
static void use_p(struct machine *m, struct load *l, struct tally *t)
{
	unsigned int proc;

	machine_crit_enter(m);
	proc = load(&m->slot->proc);
	if (proc == GOSCHED_NO_PROC) {
		t->without_p++;
	} else {
		if (__atomic_exchange_n(&l->owner[proc], m->id + 1, __ATOMIC_SEQ_CST))
			t->shared_p++;
		for (int i = 0; i < 20; i++)
			__builtin_ia32_pause();
		store(&l->owner[proc], 0);
	}
	machine_crit_exit(m);
	if (load(&m->slot->flags) & GOSCHED_M_NEED_RESCHED) {
		store(&m->slot->flags, 0);
		machine_yield(m);
	}
}

static void block_somehow(struct machine *m, struct load *l, unsigned int *seed)
{
	struct timespec ts = { .tv_nsec = rand_r(seed) % 300000 };
	char byte;

	switch (rand_r(seed) % 5) {
	case 0:
		nanosleep(&ts, NULL);
		break;
	case 1:
		CHECK_EQ(read(l->pipes[0], &byte, 1), 1);
		break;
	case 2:
		sched_yield();
		break;
	case 3:
		machine_yield(m);
		break;
	case 4:
		machine_wait(m);
		break;
	}
}

static void work(struct machine *m)
{
	struct load *l = m->arg;
	struct tally *t = &l->tally[m - l->m];
	unsigned int seed = m->id;

	CHECK_EQ(machine_wait(m), 0);
	for (int block = 0; block < NR_BLOCKS; block++) {
		for (int i = 0; i < LOOPS; i++, t->loops++) {
			if (!machine_holds(m))
				t->without_p++;
			if (i % 16 == 0)
				use_p(m, l, t);
		}
		block_somehow(m, l, &seed);
	}
	add(&l->finished, 1);
}

static struct tally run_load(unsigned int nr_procs)
{
	struct load *l = calloc(1, sizeof(*l));
	struct tally sum = { 0 };

	CHECK(l);
	CHECK_SYS(pipe(l->pipes));
	domain_open(&l->d, nr_procs, nr_procs, 1000000);
	store(&l->d.header->runnable, 1);
	for (int i = 0; i < NR_MACHINES; i++)
		machine_start(&l->m[i], &l->d, work, l);
	until(({
		CHECK_EQ(write(l->pipes[1], "x", 1), 1);
		load(&l->finished) == NR_MACHINES;
	}));
	for (int i = 0; i < NR_MACHINES; i++) {
		machine_join(&l->m[i]);
		sum.loops += l->tally[i].loops;
		sum.without_p += l->tally[i].without_p;
		sum.shared_p += l->tally[i].shared_p;
	}
	printf("# %u P's: %lu loops, %lu without a P, %lu on a P used twice\n", nr_procs,
	       sum.loops, sum.without_p, sum.shared_p);
	return sum;
}

FIXTURE(invariant)
{
};

FIXTURE_VARIANT(invariant)
{
	unsigned int nr_procs;
};

FIXTURE_VARIANT_ADD(invariant, one_p) { .nr_procs = 1 };
FIXTURE_VARIANT_ADD(invariant, two_ps) { .nr_procs = 2 };

FIXTURE_SETUP(invariant)
{
}

FIXTURE_TEARDOWN(invariant)
{
}

TEST_F(invariant, holds)
{
	struct tally sum = run_load(variant->nr_procs);

	EXPECT_EQ(NR_MACHINES * NR_BLOCKS * LOOPS, sum.loops);
	EXPECT_EQ(0, sum.without_p);
	EXPECT_EQ(0, sum.shared_p);
}

/* In a child, so that the parameter is put back whatever happens. */
TEST_F(invariant, is_broken_without_the_trap)
{
	struct tally *sum = mmap(NULL, sizeof(*sum), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, sum);
	module_set("notrap", "Y");
	pid = fork();
	if (!pid) {
		*sum = run_load(variant->nr_procs);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	module_set("notrap", "N");
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, status);
	EXPECT_LT(0, sum->without_p);
}

GOSCHED_TEST_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a slice: a loop that calls nothing loses its P when somebody else
 * could use it, and only then.
 */
#include <sched.h>
#include <sys/resource.h>

#include "harness.h"
#include "kselftest_harness.h"

#define SLICE_NS 1000000ULL

struct loop {
	struct domain d;
	struct machine spinner, other;
	int stop;		/* ends the spinner's loop */
	int64_t spin_ns;	/* or this time does */
	bool tick;		/* it counts goroutines as it goes */
	int64_t longest_gap;	/* between two looks at the clock */
	int pipes[2];
};

static void spin(struct machine *m)
{
	struct loop *l = m->arg;
	struct gosched_pslot *p = domain_pslot(&l->d, 0);

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	while (!load(&l->stop))
		if (l->tick)
			add(&p->tick, 1);
	machine_step(m, 2);
}

/* For a time, and nothing disturbs it: what it notes down itself. */
static void spin_for_a_time(struct machine *m)
{
	struct loop *l = m->arg;
	struct gosched_pslot *p = domain_pslot(&l->d, 0);
	int64_t begin, now, last;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(&l->stop);
	for (begin = last = now = clock_ns(); now - begin < l->spin_ns; now = clock_ns()) {
		if (now - last > l->longest_gap)
			l->longest_gap = now - last;
		last = now;
		if (l->tick)
			add(&p->tick, 1);
	}
	machine_step(m, 2);
}

static void stop_the_spinner(struct machine *m)
{
	struct loop *l = m->arg;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	store(&l->stop, 1);
}

/* Would take a P; whether it was given one, the counter of preemptions tells. */
static void wait_for_a_p(struct machine *m)
{
	machine_wait(m);
}

static void block_then_stop_the_spinner(struct machine *m)
{
	struct loop *l = m->arg;
	char byte;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	CHECK_EQ(read(l->pipes[0], &byte, 1), 1);
	machine_step(m, 2);
	store(&l->stop, 1);
}

static void finish(struct loop *l)
{
	until(machine_at(&l->spinner) == 2);
	machine_join(&l->spinner);
	machine_join(&l->other);
}

static void expect_turn_of_waiting(struct __test_metadata *_metadata, bool tick)
{
	struct loop l = { .tick = tick };

	ASSERT_EQ(0, pipe(l.pipes));
	domain_open(&l.d, 1, 1, SLICE_NS);
	machine_start_holding(&l.other, &l.d, block_then_stop_the_spinner, &l);
	until(load(&l.d.header->idle) == 1);
	machine_start_holding(&l.spinner, &l.d, spin, &l);
	ASSERT_EQ(1, write(l.pipes[1], "x", 1));
	finish(&l);
	EXPECT_LE(1, domain_counter(getpid(), "preemptions"));
}

TEST(an_m_that_waits_gets_its_turn)
{
	expect_turn_of_waiting(_metadata, false);
}

/* To switch goroutines is no way to keep an M waiting. */
TEST(an_m_that_waits_gets_its_turn_with_ticks)
{
	expect_turn_of_waiting(_metadata, true);
}

FIXTURE(work)
{
	struct loop l;
};

FIXTURE_VARIANT(work)
{
	uint32_t global, own, attention;
	uint64_t deadline;
};

FIXTURE_VARIANT_ADD(work, of_no_p) { .global = 1 };
FIXTURE_VARIANT_ADD(work, of_its_own) { .own = 1 };
FIXTURE_VARIANT_ADD(work, attention) { .attention = 1 };
FIXTURE_VARIANT_ADD(work, a_deadline) { .deadline = 1 };

FIXTURE_SETUP(work)
{
	domain_open(&self->l.d, 1, 1, SLICE_NS);
}

FIXTURE_TEARDOWN(work)
{
}

TEST_F(work, gives_a_spare_its_turn)
{
	struct loop *l = &self->l;

	machine_start_holding(&l->spinner, &l->d, spin, l);
	machine_start_spare(&l->other, &l->d, stop_the_spinner, l);
	store(&domain_pslot(&l->d, 0)->runnable, variant->own);
	store(&domain_pslot(&l->d, 0)->deadline, variant->deadline);
	store(&l->d.header->attention, variant->attention);
	store(&l->d.header->runnable, variant->global);
	finish(l);
	EXPECT_LE(1, domain_counter(getpid(), "preemptions"));
}

/*
 * A run is judged only when the machine below did not stop it for half a slice:
 * then no slice can have gone by without a tick.
 */
static void expect_undisturbed(struct __test_metadata *_metadata, bool tick, bool other)
{
	for (int attempt = 0; attempt < 20; attempt++) {
		struct loop l = { .spin_ns = 500000000, .tick = tick };

		domain_open(&l.d, 1, 1, 100000000);
		machine_start_holding(&l.spinner, &l.d, spin_for_a_time, &l);
		if (other)
			machine_start_spare(&l.other, &l.d, wait_for_a_p, &l);
		if (tick) {
			store(&domain_pslot(&l.d, 0)->runnable, 1);
			store(&l.d.header->runnable, 1);
		}
		store(&l.stop, 1);
		until(machine_at(&l.spinner) == 2);
		if (l.longest_gap < 50000000) {
			EXPECT_EQ(0, domain_counter(getpid(), "preemptions"));
			return;
		}
		ASSERT_EQ(0, gosched_plain(l.d.fd, GOSCHED_IOC_SHUTDOWN));
		machine_join(&l.spinner);
		if (other)
			machine_join(&l.other);
		domain_close(&l.d);
		until(!domain_folder(getpid(), NULL, 0));
	}
	EXPECT_TRUE(false) TH_LOG("the machine is too slow to tell");
}

TEST(goroutines_that_switch_are_left_alone)
{
	expect_undisturbed(_metadata, true, true);
}

TEST(no_work_no_preemption)
{
	expect_undisturbed(_metadata, false, true);
}

TEST(no_other_m_no_preemption)
{
	expect_undisturbed(_metadata, true, false);
}

/*
 * An M that was granted a P on a CPU that is taken for longer than a slice.  It must
 * run when it can, not lose the P on the way to its first instruction.
 */
struct late {
	struct domain d;
	struct machine first, second;
	int yield, hog_runs, hog_stops;
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK_SYS(sched_setaffinity(0, sizeof(set), &set));
}

static void yield_from_cpu1(struct machine *m)
{
	struct late *l = m->arg;

	pin(1);
	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(&l->yield);
	CHECK_EQ(machine_yield(m), 0);
	machine_step(m, 2 + load(&l->second.step));
}

static void run_on_cpu0(struct machine *m)
{
	pin(0);
	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
}

static void *hog_cpu0(void *arg)
{
	struct sched_param param = { .sched_priority = 1 };
	struct late *l = arg;

	pin(0);
	CHECK_SYS(sched_setscheduler(0, SCHED_FIFO, &param));
	store(&l->hog_runs, 1);
	while (!load(&l->hog_stops))
		;
	return NULL;
}

TEST(a_slice_begins_when_the_m_runs)
{
	struct late l = { 0 };
	pthread_t hog;
	int64_t begin;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two processors");
	domain_open(&l.d, 1, 1, 20 * SLICE_NS);
	pin(1);
	machine_start_holding(&l.first, &l.d, yield_from_cpu1, &l);
	machine_start_spare(&l.second, &l.d, run_on_cpu0, &l);
	ASSERT_EQ(0, pthread_create(&hog, NULL, hog_cpu0, &l));
	until(load(&l.hog_runs));
	store(&l.d.header->runnable, 1);
	store(&l.yield, 1);
	until(machine_holds(&l.second));
	/* Three slices. */
	for (begin = clock_ns(); clock_ns() - begin < 60 * (int64_t)SLICE_NS;)
		;
	EXPECT_EQ(0, machine_at(&l.second));
	store(&l.hog_stops, 1);
	until(machine_at(&l.first) >= 2);
	EXPECT_EQ(3, machine_at(&l.first));
}

static long switches(void)
{
	struct rusage r;

	CHECK_SYS(getrusage(RUSAGE_THREAD, &r));
	return r.ru_nvcsw + r.ru_nivcsw;
}

/* Given a P at its first wait, without having slept; step 3: its slice never ended. */
static void spin_from_the_start(struct machine *m)
{
	struct loop *l = m->arg;
	int64_t begin;
	long before;

	CHECK_EQ(machine_wait(m), 0);
	before = switches();
	for (begin = clock_ns(); !load(&l->stop);) {
		if (clock_ns() - begin < 500 * (int64_t)SLICE_NS)
			continue;
		if (switches() == before) {
			machine_step(m, 3);
			return;
		}
		/* Something else has run meanwhile, which proves nothing: again. */
		before = switches();
		begin = clock_ns();
	}
	machine_step(m, 2);
}

/* A context switch in between would hide it, hence more than one try. */
TEST(a_slice_of_an_m_that_has_never_slept_ends)
{
	for (int i = 0; i < 10; i++) {
		struct loop l = { 0 };

		domain_open(&l.d, 1, 1, SLICE_NS);
		machine_start_spare(&l.other, &l.d, stop_the_spinner, &l);
		store(&l.d.header->runnable, 1);
		machine_start(&l.spinner, &l.d, spin_from_the_start, &l);
		machine_join(&l.spinner);
		EXPECT_EQ(2, machine_at(&l.spinner));
		machine_join(&l.other);
		domain_close(&l.d);
	}
}

#define NR_TURNS 3

struct turns {
	struct domain d;
	struct machine m[NR_TURNS];
	unsigned int turns[NR_TURNS];
	int last, stop;
};

static void count_turns(struct machine *m)
{
	struct turns *t = m->arg;
	int me = m - t->m + 1;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	while (!load(&t->stop)) {
		if (load(&t->last) != me) {
			add(&t->turns[me - 1], 1);
			store(&t->last, me);
		}
	}
}

TEST(loops_take_turns)
{
	struct turns t = { 0 };

	domain_open(&t.d, 1, 1, SLICE_NS);
	store(&t.d.header->runnable, 1);
	for (int i = 0; i < NR_TURNS; i++)
		machine_start(&t.m[i], &t.d, count_turns, &t);
	for (int i = 0; i < NR_TURNS; i++)
		until(load(&t.turns[i]) >= 10);
	store(&t.stop, 1);
	for (int i = 0; i < NR_TURNS; i++)
		machine_join(&t.m[i]);
}

GOSCHED_TEST_MAIN

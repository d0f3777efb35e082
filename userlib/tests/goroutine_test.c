// SPDX-License-Identifier: MIT
/*
 * Goroutines: start, arguments, yield, exit, end of go_run.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "ktap.h"

static atomic_int seen;

static void wait_seen(int n)
{
	while (atomic_load(&seen) < n)
		go_yield();
	CHECK_EQ(atomic_load(&seen), n);
}

static void take0(void)
{
	atomic_fetch_add(&seen, 1);
}

static void take1(int a)
{
	CHECK_EQ(a, 1);
	atomic_fetch_add(&seen, 1);
}

static void take2(int a, int b)
{
	CHECK(a == 1 && b == 2);
	atomic_fetch_add(&seen, 1);
}

static void take3(int a, int b, int c)
{
	CHECK(a == 1 && b == 2 && c == 3);
	atomic_fetch_add(&seen, 1);
}

static void take4(int a, int b, int c, int d)
{
	CHECK(a == 1 && b == 2 && c == 3 && d == 4);
	atomic_fetch_add(&seen, 1);
}

static void take5(int a, int b, int c, int d, int e)
{
	CHECK(a == 1 && b == 2 && c == 3 && d == 4 && e == 5);
	atomic_fetch_add(&seen, 1);
}

static int take6(int a, int b, int c, int d, int e, int f)
{
	CHECK(a == 1 && b == 2 && c == 3 && d == 4 && e == 5 && f == 6);
	atomic_fetch_add(&seen, 1);
	return 7;
}

static void zero_to_six_arguments(void)
{
	go(take0);
	go(take1, 1);
	go(take2, 1, 2);
	go(take3, 1, 2, 3);
	go(take4, 1, 2, 3, 4);
	go(take5, 1, 2, 3, 4, 5);
	go(take6, 1, 2, 3, 4, 5, 6);
	wait_seen(7);
}

enum color { RED = 3, GREEN = 4 };

static void take_wide(long a, unsigned long b, int64_t c, uint64_t d)
{
	CHECK_EQ(a, -1);
	CHECK(b == 4000000000UL);
	CHECK(c == INT64_MIN);
	CHECK(d == UINT64_MAX);
	atomic_fetch_add(&seen, 1);
}

static void take_narrow(char a, signed char b, unsigned char c, short d, bool e, enum color f)
{
	CHECK_EQ(a, 'x');
	CHECK_EQ(b, -2);
	CHECK_EQ(c, 44);	/* 300 as an unsigned char */
	CHECK_EQ(d, -300);
	CHECK_EQ(e, 1);
	CHECK(f == GREEN);
	atomic_fetch_add(&seen, 1);
}

/* Each argument is converted as by the prototype: sign extension, truncation, bool. */
static void integers_convert(void)
{
	int minus_one = -1, three_hundred = 300;
	unsigned int big = 4000000000U;

	go(take_wide, minus_one, big, INT64_MIN, -1);
	go(take_narrow, 'x', -2, three_hundred, -three_hundred, 2, GREEN);
	wait_seen(2);
}

static int add_one(int x)
{
	return x + 1;
}

static void take_pointers(const char *s, int *array, int (*fn)(int), void *null)
{
	CHECK(!strcmp(s, "text"));
	CHECK_EQ(array[2], 30);
	CHECK_EQ(fn(4), 5);
	CHECK(!null);
	atomic_fetch_add(&seen, 1);
}

static void pointers_and_arrays(void)
{
	static int array[3] = { 10, 20, 30 };

	go(take_pointers, "text", array, add_one, NULL);
	go(take_pointers, "text", &array[0], &add_one, 0);
	wait_seen(2);
}

static void function_pointers(void)
{
	void (*fn)(int) = take1;
	void (*table[])(int, int) = { take2 };

	go(fn, 1);
	go(*fn, 1);
	go(table[0], 1, 2);
	wait_seen(3);
}

static int evaluations;

static int count_evaluation(int value)
{
	evaluations++;
	return value;
}

/* Once, in the caller, before go returns: not when the goroutine runs. */
static void arguments_evaluate_once(void)
{
	int i = 1;

	go(take3, count_evaluation(1), count_evaluation(2), count_evaluation(3));
	CHECK_EQ(evaluations, 3);
	go(take2, i++, 2);
	CHECK_EQ(i, 2);
	i = 99;
	wait_seen(2);
	CHECK_EQ(evaluations, 3);
}

/* go is one statement. */
static void go_is_a_statement(void)
{
	if (evaluations)
		go(take1, 0);
	else
		go(take1, 1);
	wait_seen(1);
}

static void set_flag(void *arg)
{
	atomic_store((atomic_int *)arg, 1);
}

static void spawn(void)
{
	atomic_int flag = 0;

	CHECK_EQ(go_spawn(set_flag, &flag), 0);
	while (!atomic_load(&flag))
		go_yield();
}

static void exit_early(atomic_int *flag)
{
	atomic_store(flag, 1);
	go_exit();
	atomic_store(flag, 2);
}

static void exit_ends_the_goroutine(void)
{
	atomic_int flag = 0;

	go(exit_early, &flag);
	while (!atomic_load(&flag) || go_numgoroutine() > 1)
		go_yield();
	CHECK_EQ(atomic_load(&flag), 1);
}

static void finish(void)
{
	int i;

	for (i = 0; i < 100; i++)
		go_yield();
	_exit(0);
}

/* go_exit() in the main goroutine is not its return: the others go on. */
static void exit_of_main_leaves_others(void)
{
	go(finish);
	go_exit();
}

static atomic_int turn;

static void take_turns(int me, int of)
{
	int i;

	for (i = 0; i < 1000; i++) {
		while (atomic_load(&turn) != me)
			go_yield();
		atomic_store(&turn, (me + 1) % of);
	}
	atomic_fetch_add(&seen, 1);
}

/* On one P, three that only yield to each other all get on. */
static void yield_lets_others_run(void)
{
	int i;

	go_maxprocs(1);
	for (i = 0; i < 3; i++)
		go(take_turns, i, 3);
	wait_seen(3);
}

static void note_id(uint64_t *id, go_waitgroup *wg)
{
	*id = go_id();
	go_yield();
	CHECK(*id == go_id());
	go_waitgroup_done(wg);
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void ids_are_unique(void)
{
	static uint64_t ids[1000];
	go_waitgroup wg = {};
	int round, i;

	/* Two rounds: the second reuses what the first left behind, but no id. */
	for (round = 0; round < 2; round++) {
		go_waitgroup_add(&wg, 499);
		for (i = 0; i < 499; i++)
			go(note_id, &ids[round * 499 + i], &wg);
		go_waitgroup_wait(&wg);
	}
	ids[998] = go_id();
	ids[999] = UINT64_MAX;
	qsort(ids, 1000, sizeof(ids[0]), compare_ids);
	CHECK(ids[0] != 0);
	for (i = 1; i < 1000; i++)
		CHECK(ids[i - 1] != ids[i]);
}

static void wait_for(go_chan *end)
{
	go_recv(end, NULL);
}

static void numgoroutine(void)
{
	go_chan *end = go_chan_make(0, 0);
	int i;

	CHECK_EQ(go_numgoroutine(), 1);
	for (i = 0; i < 10; i++)
		go(wait_for, end);
	CHECK_EQ(go_numgoroutine(), 11);
	go_chan_close(end);
	while (go_numgoroutine() > 1)
		go_yield();
	CHECK_EQ(go_numgoroutine(), 1);
	go_chan_free(end);
}

static void maxprocs(void)
{
	int n = go_maxprocs(0);

	CHECK(n >= 1);
	CHECK_EQ(go_maxprocs(3), n);
	CHECK_EQ(go_maxprocs(-1), 3);
	CHECK_EQ(go_maxprocs(1), 3);
	CHECK_EQ(go_maxprocs(2), 1);
	CHECK_EQ(go_maxprocs(0), 2);
	CHECK(go_numcpu() >= 1);
}

static int maxprocs_is_5(void *arg)
{
	(void)arg;
	CHECK_EQ(go_maxprocs(0), 5);
	return 0;
}

static int maxprocs_is_numcpu(void *arg)
{
	(void)arg;
	CHECK(go_maxprocs(0) <= go_numcpu());
	return 0;
}

static void maxprocs_from_environment(void)
{
	setenv("GOMAXPROCS", "5", 1);
	CHECK_EQ(go_run(maxprocs_is_5, NULL), 0);
	setenv("GOMAXPROCS", "none", 1);
	CHECK_EQ(go_run(maxprocs_is_numcpu, NULL), 0);
	unsetenv("GOMAXPROCS");
	CHECK_EQ(go_run(maxprocs_is_numcpu, NULL), 0);
}

static int return_arg(void *arg)
{
	return *(int *)arg;
}

static void run_returns_the_result(void)
{
	int values[] = { 0, 42, -7 };
	size_t i;

	for (i = 0; i < 3; i++)
		CHECK_EQ(go_run(return_arg, &values[i]), values[i]);
}

static atomic_ulong steps;

static void step_for_ever(void)
{
	for (;;) {
		atomic_fetch_add(&steps, 1);
		go_yield();
	}
}

static void sleep_for_ever(void)
{
	for (;;)
		go_sleep(GO_MILLISECOND);
}

static int leave_others_behind(void *arg)
{
	go_chan *never = go_chan_make(1, 0);
	unsigned long before = atomic_load(&steps);
	int i;

	CHECK_EQ(go_numgoroutine(), 1);
	go(step_for_ever);
	go(step_for_ever);
	go(sleep_for_ever);
	for (i = 0; i < 10; i++)
		go(wait_for, never);
	CHECK_EQ(go_numgoroutine(), 14);
	while (atomic_load(&steps) < before + 100)
		go_yield();
	return *(int *)arg;
}

/* go_run returns whatever the others do; they never run again, and a second one is new. */
static void main_returns_while_others_run(void)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	unsigned long at_end;
	int i;

	for (i = 0; i < 5; i++) {
		CHECK_EQ(go_run(leave_others_behind, &i), i);
		at_end = atomic_load(&steps);
		nanosleep(&pause, NULL);
		CHECK(atomic_load(&steps) == at_end);
	}
}

static void spin_for_ever(void)
{
	for (;;)
		atomic_fetch_add(&steps, 1);
}

static int leave_spinner_behind(void *arg)
{
	unsigned long before = atomic_load(&steps);

	(void)arg;
	go(spin_for_ever);
	while (atomic_load(&steps) < before + 100)
		go_yield();
	return 0;
}

static void main_returns_while_one_spins(void)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	unsigned long at_end;
	int i;

	if (!ktap_module_schedules())
		ktap_skip("the host backend cannot stop a loop that calls nothing");
	for (i = 0; i < 3; i++) {
		CHECK_EQ(go_run(leave_spinner_behind, NULL), 0);
		at_end = atomic_load(&steps);
		nanosleep(&pause, NULL);
		CHECK(atomic_load(&steps) == at_end);
	}
}

static int use_stack(int depth)
{
	volatile unsigned char frame[1024];
	size_t i;
	int sum;

	for (i = 0; i < sizeof(frame); i++)
		frame[i] = (unsigned char)depth;
	if (depth == 0) {
		go_yield();
		return 0;
	}
	sum = use_stack(depth - 1);
	for (i = 0; i < sizeof(frame); i++)
		CHECK_EQ(frame[i], (unsigned char)depth);
	return sum + 1;
}

static void use_200_kib(void)
{
#ifdef __SANITIZE_ADDRESS__
	enum { DEPTH = 100 };	/* red zones make the frames larger */
#else
	enum { DEPTH = 185 };	/* of 1 KiB and a bit */
#endif
	CHECK_EQ(use_stack(DEPTH), DEPTH);
	atomic_fetch_add(&seen, 1);
}

static void deep_stacks(void)
{
	int i;

	for (i = 0; i < 50; i++)
		go(use_200_kib);
	wait_seen(50);
}

static void use_2_mib(void)
{
	CHECK_EQ(use_stack(1000), 1000);
	atomic_fetch_add(&seen, 1);
}

static void start_with_2_mib(void)
{
	go_set_stack_size(2 << 20);
	go(use_2_mib);
	go_set_stack_size(0);
	go(use_200_kib);
}

static void stack_size_can_be_set(void)
{
	go(start_with_2_mib);
	wait_seen(2);
}

static void keep_errno(int mine)
{
	int i;

	for (i = 0; i < 200; i++) {
		errno = mine;
		go_yield();
		CHECK_EQ(errno, mine);
		if (i % 50 == 0) {
			go_sleep(GO_MICROSECOND);
			CHECK_EQ(errno, mine);
		}
	}
	atomic_fetch_add(&seen, 1);
}

static void errno_survives_switches(void)
{
	int i;

	go_maxprocs(4);
	for (i = 1; i <= 20; i++)
		go(keep_errno, i);
	wait_seen(20);
}

static void keep_registers(int mine)
{
	double a = mine, b = mine + 0.5, sum = 0;
	long x = mine, y = mine * 3L;
	int i;

	for (i = 0; i < 500; i++) {
		sum += a * b;
		go_yield();
		CHECK(x == mine && y == mine * 3L);
		CHECK(a == (double)mine && b == mine + 0.5);
	}
	CHECK(sum == 500 * a * b);
	atomic_fetch_add(&seen, 1);
}

static void registers_survive_switches(void)
{
	int i;

	go_maxprocs(4);
	for (i = 1; i <= 20; i++)
		go(keep_registers, i);
	wait_seen(20);
}

static void spawn_tree(int depth)
{
	if (depth) {
		go(spawn_tree, depth - 1);
		go(spawn_tree, depth - 1);
	}
	atomic_fetch_add(&seen, 1);
}

static void goroutines_start_goroutines(void)
{
	go(spawn_tree, 10);
	wait_seen(2047);
}

static void names_of_the_system(void)
{
	CHECK(!strcmp(go_os(), "linux"));
	CHECK(!strcmp(go_arch(), "amd64"));
	CHECK(strlen(go_version()) > 0);
}

static const struct ktap_case cases[] = {
	KTAP_GO(zero_to_six_arguments),
	KTAP_GO(integers_convert),
	KTAP_GO(pointers_and_arrays),
	KTAP_GO(function_pointers),
	KTAP_GO(arguments_evaluate_once),
	KTAP_GO(go_is_a_statement),
	KTAP_GO(spawn),
	KTAP_GO(exit_ends_the_goroutine),
	KTAP_GO(exit_of_main_leaves_others),
	KTAP_GO(yield_lets_others_run),
	KTAP_GO(ids_are_unique),
	KTAP_GO(numgoroutine),
	KTAP_GO(maxprocs),
	KTAP_PLAIN(maxprocs_from_environment),
	KTAP_PLAIN(run_returns_the_result),
	KTAP_PLAIN(main_returns_while_others_run),
	KTAP_PLAIN(main_returns_while_one_spins),
	KTAP_GO(deep_stacks),
	KTAP_GO(stack_size_can_be_set),
	KTAP_GO(errno_survives_switches),
	KTAP_GO(registers_survive_switches),
	KTAP_GO(goroutines_start_goroutines),
	KTAP_PLAIN(names_of_the_system),
};

KTAP_MAIN(cases)

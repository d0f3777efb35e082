// SPDX-License-Identifier: MIT
/*
 * What the scheduler's basic operations cost, on one P.
 *
 * In CPU time of the process, so that other processes do not matter much.  Each is
 * repeated some million times; the best of five rounds counts, as everything that
 * disturbs a round only makes it longer.
 *
 *   yield   two goroutines that yield to each other: per go_yield(), which is one
 *           switch to the scheduler and one to the other goroutine
 *   wake    two goroutines that wake each other over two channels: per message
 *   spawn   start a goroutine that ends at once, and let it run
 */
#include <stdio.h>
#include <time.h>

#include <gosched.h>

#define ROUNDS	5

static void yield_many(int n, go_waitgroup *wg)
{
	while (n--)
		go_yield();
	go_waitgroup_done(wg);
}

static void bench_yield(int n)
{
	go_waitgroup wg = {};

	go_waitgroup_add(&wg, 2);
	go(yield_many, n / 2, &wg);
	go(yield_many, n / 2, &wg);
	go_waitgroup_wait(&wg);
}

static void echo(go_chan *in, go_chan *out)
{
	int v;

	go_range(v, in)
		go_send(out, v);
	go_chan_close(out);
}

static void bench_wake(int n)
{
	go_chan *a = go_chan_make(sizeof(int), 0), *b = go_chan_make(sizeof(int), 0);
	int i;

	go(echo, a, b);
	for (i = 0; i < n / 2; i++) {
		go_send(a, i);
		go_recv(b, NULL);
	}
	go_chan_close(a);
	go_recv(b, NULL);
	go_chan_free(a);
	go_chan_free(b);
}

static void end_at_once(void)
{
}

static void bench_spawn(int n)
{
	while (n--) {
		go(end_at_once);
		go_yield();
	}
}

static double cpu_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void report(const char *name, void (*fn)(int n), int n)
{
	double best = 0, start, ns;
	int i;

	fn(n / 10);
	for (i = 0; i < ROUNDS; i++) {
		start = cpu_time();
		fn(n);
		ns = (cpu_time() - start) / n;
		if (!i || ns < best)
			best = ns;
	}
	printf("%-8s %8.1f ns\n", name, best);
}

static int run(void *arg)
{
	(void)arg;
	go_maxprocs(1);
	report("yield", bench_yield, 5000000);
	report("wake", bench_wake, 2000000);
	report("spawn", bench_spawn, 2000000);
	return 0;
}

int main(void)
{
	return go_run(run, NULL);
}

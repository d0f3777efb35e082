// SPDX-License-Identifier: MIT
/*
 * The number of CPUs that this process may use, and of goroutines.
 */
#include <stdio.h>

#include <gosched.h>

static void wait_for_end(go_chan *end, go_waitgroup *wg)
{
	go_recv(end, NULL);
	go_waitgroup_done(wg);
}

static int run(void *arg)
{
	go_chan *end = go_chan_make(0, 0);
	go_waitgroup wg = {};
	int i;

	(void)arg;
	printf("CPUs: %d\n", go_numcpu());
	printf("goroutines: %d\n", go_numgoroutine());
	go_waitgroup_add(&wg, 10);
	for (i = 0; i < 10; i++)
		go(wait_for_end, end, &wg);
	printf("goroutines: %d\n", go_numgoroutine());
	go_chan_close(end);
	go_waitgroup_wait(&wg);
	go_chan_free(end);
	return 0;
}

int main(void)
{
	return go_run(run, NULL);
}

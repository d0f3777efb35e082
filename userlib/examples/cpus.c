// SPDX-License-Identifier: MIT
/*
 * The number of CPUs that this process may use, and of goroutines.
 */
#include <stdio.h>

#include <gosched.h>

static void wait_for_end(go_chan *end)
{
	go_recv(end, NULL);
}

static int run(void *arg)
{
	go_chan *end = go_chan_make(0, 0);
	int i;

	(void)arg;
	printf("CPUs: %d\n", go_numcpu());
	printf("goroutines: %d\n", go_numgoroutine());
	for (i = 0; i < 10; i++)
		go(wait_for_end, end);
	printf("goroutines: %d\n", go_numgoroutine());
	go_chan_close(end);
	return 0;
}

int main(void)
{
	return go_run(run, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * Two loops that greet, one every 100 ms and one every 150 ms, at the same time.
 */
#include <stdio.h>

#include <gosched.h>

static void greet(const char *name, int64_t pause, go_waitgroup *wg)
{
	int i;

	for (i = 1; i <= 3; i++) {
		go_sleep(pause);
		printf("Hello %d from %s\n", i, name);
	}
	go_waitgroup_done(wg);
}

static int run(void *arg)
{
	go_waitgroup wg = {};

	(void)arg;
	go_waitgroup_add(&wg, 2);
	go(greet, "Alice", 100 * GO_MILLISECOND, &wg);
	go(greet, "Bob", 150 * GO_MILLISECOND, &wg);
	go_waitgroup_wait(&wg);
	return 0;
}

int main(void)
{
	return go_run(run, NULL);
}

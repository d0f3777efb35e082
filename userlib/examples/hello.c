// SPDX-License-Identifier: MIT
/*
 * A goroutine says hello.  Main waits for it: when main returns, the program ends,
 * whatever other goroutines still have to say.
 */
#include <stdio.h>

#include <gosched.h>

static void say_hello(go_waitgroup *wg)
{
	printf("Hello from a goroutine!\n");
	go_waitgroup_done(wg);
}

static int run(void *arg)
{
	go_waitgroup wg = {};

	(void)arg;
	go_waitgroup_add(&wg, 1);
	go(say_hello, &wg);
	go_waitgroup_wait(&wg);
	printf("Hello from main!\n");
	return 0;
}

int main(void)
{
	return go_run(run, NULL);
}

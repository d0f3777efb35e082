// SPDX-License-Identifier: MIT
/*
 * Two counters, A and B, count into one channel.  When both have done, the channel is
 * closed, which ends the loop that reads it.
 */
#include <stdio.h>

#include <gosched.h>

struct tick {
	char name;
	int n;
};

static void count(char name, go_chan *ticks, go_waitgroup *counters)
{
	int i;

	for (i = 1; i <= 5; i++)
		go_send(ticks, (struct tick){ name, i });
	go_waitgroup_done(counters);
}

static void close_after(go_waitgroup *counters, go_chan *ticks)
{
	go_waitgroup_wait(counters);
	go_chan_close(ticks);
}

static int run(void *arg)
{
	go_chan *ticks = go_chan_make(sizeof(struct tick), 0);
	go_waitgroup counters = {};
	struct tick tick;

	(void)arg;
	go_waitgroup_add(&counters, 2);
	go(count, 'A', ticks, &counters);
	go(count, 'B', ticks, &counters);
	go(close_after, &counters, ticks);
	go_range(tick, ticks)
		printf("%c: %d\n", tick.name, tick.n);
	go_chan_free(ticks);
	return 0;
}

int main(void)
{
	return go_run(run, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * A buffered channel of 2: two sends go through although nobody receives yet.
 */
#include <stdio.h>

#include <gosched.h>

static int run(void *arg)
{
	go_chan *ch = go_chan_make(sizeof(int), 2);
	int v;

	(void)arg;
	go_send(ch, 1);
	go_send(ch, 2);
	printf("buffered: %zu of %zu\n", go_chan_len(ch), go_chan_cap(ch));

	go_recv(ch, &v);
	printf("received: %d\n", v);
	go_recv(ch, &v);
	printf("received: %d\n", v);
	printf("buffered: %zu of %zu\n", go_chan_len(ch), go_chan_cap(ch));
	go_chan_free(ch);
	return 0;
}

int main(void)
{
	return go_run(run, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * A message over a channel.  The channel has no buffer: the send and the receive meet.
 */
#include <stdio.h>

#include <gosched.h>

static void send_message(go_chan *messages)
{
	go_send(messages, "Hello through a channel!");
}

static int run(void *arg)
{
	go_chan *messages = go_chan_make(sizeof(char *), 0);
	const char *message;

	(void)arg;
	go(send_message, messages);
	go_recv(messages, &message);
	printf("%s\n", message);
	go_chan_free(messages);
	return 0;
}

int main(void)
{
	return go_run(run, NULL);
}

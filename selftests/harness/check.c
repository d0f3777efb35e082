// SPDX-License-Identifier: GPL-2.0
/*
 * Checks that may fail in any thread, and waiting for events.
 */
#include <stdarg.h>
#include <time.h>

#include "harness.h"

/* Below the harness's own time-out of 30 s, so that the event is named. */
#define UNTIL_SECONDS 20

void check_failed(const char *file, int line, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	dprintf(STDERR_FILENO, "# %s:%d: thread %d: %s\n", file, line, gettid(), text);
	_exit(1);
}

unsigned int test_scale(void)
{
	const char *text = getenv("GOSCHED_TEST_SCALE");
	int scale = text ? atoi(text) : 1;

	return scale > 1 ? scale : 1;
}

int64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

struct until until_begin(void)
{
	return (struct until){ clock_ns() + UNTIL_SECONDS * 1000000000LL * test_scale() };
}

bool until_again(struct until *u)
{
	struct timespec pause = { .tv_nsec = 200000 };

	nanosleep(&pause, NULL);
	return clock_ns() < u->deadline;
}

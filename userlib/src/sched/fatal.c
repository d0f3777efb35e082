// SPDX-License-Identifier: MIT
/*
 * The ends that a program does not come back from.
 *
 * One write() each, so that messages of several threads do not mix, and _exit(): other
 * goroutines still run, perhaps inside what atexit handlers would tear down.
 */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <gosched.h>

#include "types.h"

#define TEXT_MAX	4096

static size_t clip(int n, size_t room)
{
	if (n < 0)
		return 0;
	return (size_t)n < room ? (size_t)n : room - 1;
}

_Noreturn static void die(const char *prefix, const char *fmt, va_list ap, const char *suffix)
{
	char text[TEXT_MAX];
	size_t n;

	n = clip(snprintf(text, sizeof(text), "%s", prefix), sizeof(text));
	n += clip(vsnprintf(text + n, sizeof(text) - n, fmt, ap), sizeof(text) - n);
	n += clip(snprintf(text + n, sizeof(text) - n, "%s", suffix), sizeof(text) - n);
	if (write(STDERR_FILENO, text, n) < 0)
		_exit(2);
	_exit(2);
}

void go_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	die("fatal error: ", fmt, ap, "\n");
}

void go_panic(const char *fmt, ...)
{
	char where[64];
	va_list ap;

	snprintf(where, sizeof(where), "\n\ngoroutine %llu [running]:\n",
		 (unsigned long long)go_id());
	va_start(ap, fmt);
	die("panic: ", fmt, ap, where);
}

/* SPDX-License-Identifier: MIT */
/*
 * Test programs: a table of cases, each run in a process of its own, reported as KTAP.
 *
 * A process per case keeps them apart: one that crashes, hangs or panics fails alone,
 * and each starts the runtime afresh.  The program ends with 0, 1 when a case failed, or
 * 4 when all were skipped.  $GOSCHED_TEST_SCALE stretches the time limits.
 */
#ifndef KTAP_H
#define KTAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gosched.h>

#define KTAP_FAIL	1
#define KTAP_SKIP	4
#define KTAP_LIMIT	30	/* seconds for a case */

struct ktap_case {
	const char *name;
	void (*fn)(void);
	bool plain;	/* on the plain thread instead of the main goroutine */
};

#define KTAP_GO(fn)	{ #fn, fn, false }
#define KTAP_PLAIN(fn)	{ #fn, fn, true }

/* For checks that do not hold: any thread, any goroutine. */
#define CHECK(cond) do { \
	if (!(cond)) \
		ktap_fail(__FILE__, __LINE__, "%s", #cond); \
} while (0)

#define CHECK_EQ(a, b) do { \
	long long ktap_a = (long long)(a), ktap_b = (long long)(b); \
	if (ktap_a != ktap_b) \
		ktap_fail(__FILE__, __LINE__, "%s is %lld, not %s = %lld", \
			  #a, ktap_a, #b, ktap_b); \
} while (0)

static char *ktap_reason;	/* of a skip; shared with the case's process */

__attribute__((format(printf, 3, 4), unused, noreturn))
static void ktap_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	dprintf(STDOUT_FILENO, "# %s:%d: %s\n", base ? base + 1 : file, line, text);
	_exit(KTAP_FAIL);
}

__attribute__((unused, noreturn))
static void ktap_skip(const char *reason)
{
	snprintf(ktap_reason, 256, "%s", reason);
	_exit(KTAP_SKIP);
}

/* What only the kernel module can do is skipped without it. */
__attribute__((unused))
static bool ktap_module_schedules(void)
{
	const char *backend = getenv("GOSCHED_BACKEND");

	return !access("/dev/gosched", F_OK) && !(backend && !strcmp(backend, "host"));
}

static unsigned int ktap_scale(void)
{
	const char *scale = getenv("GOSCHED_TEST_SCALE");

	return scale && atoi(scale) > 0 ? (unsigned int)atoi(scale) : 1;
}

static int ktap_main_goroutine(void *arg)
{
	const struct ktap_case *c = arg;

	c->fn();
	return 0;
}

static void ktap_child(const struct ktap_case *c)
{
	alarm(KTAP_LIMIT * ktap_scale());
	if (c->plain)
		c->fn();
	else
		CHECK_EQ(go_run(ktap_main_goroutine, (void *)c), 0);
	_exit(0);
}

/* Report how case number @i ended; whether it passed. */
static bool ktap_report(size_t i, const struct ktap_case *c, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		printf("ok %zu %s\n", i, c->name);
		return true;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == KTAP_SKIP) {
		printf("ok %zu %s # SKIP %s\n", i, c->name, ktap_reason);
		return true;
	}
	if (WIFEXITED(status))
		printf("# exit status %d\n", WEXITSTATUS(status));
	else if (WTERMSIG(status) == SIGALRM)
		printf("# not done after %u s\n", KTAP_LIMIT * ktap_scale());
	else
		printf("# killed by signal %d (%s)\n", WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	printf("not ok %zu %s\n", i, c->name);
	return false;
}

/* With an argument, only the cases of that name. */
static int ktap_main(const struct ktap_case *cases, size_t n, const char *only)
{
	size_t i, nr = 0, skipped = 0;
	bool ok = true;
	int status;
	pid_t pid;

	ktap_reason = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ktap_reason == MAP_FAILED)
		return KTAP_FAIL;
	for (i = 0; i < n; i++)
		nr += !only || !strcmp(only, cases[i].name);
	printf("KTAP version 1\n1..%zu\n", nr);
	for (i = 0, nr = 0; i < n; i++) {
		if (only && strcmp(only, cases[i].name))
			continue;
		fflush(stdout);
		pid = fork();
		if (pid < 0)
			return KTAP_FAIL;
		if (!pid)
			ktap_child(&cases[i]);
		if (waitpid(pid, &status, 0) != pid)
			return KTAP_FAIL;
		ok &= ktap_report(++nr, &cases[i], status);
		skipped += WIFEXITED(status) && WEXITSTATUS(status) == KTAP_SKIP;
	}
	if (!ok || !nr)
		return KTAP_FAIL;
	return skipped == nr ? KTAP_SKIP : 0;
}

#define KTAP_MAIN(cases) \
int main(int argc, char **argv) \
{ \
	return ktap_main(cases, sizeof(cases) / sizeof((cases)[0]), argc > 1 ? argv[1] : NULL); \
}

/*
 * From a plain case: run @fn as the main goroutine of a child process and check that it
 * ends with status 2 and that a line of its standard error is @line.
 */
__attribute__((unused))
static void ktap_expect_death(void (*fn)(void), const char *line)
{
	const struct ktap_case c = { line, fn, false };
	char text[65536], *found;
	size_t got = 0;
	int fd[2], status;
	ssize_t n;
	pid_t pid;

	CHECK_EQ(pipe(fd), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		dup2(fd[1], STDERR_FILENO);
		close(fd[0]);
		close(fd[1]);
		ktap_child(&c);
	}
	close(fd[1]);
	while ((n = read(fd[0], text + got, sizeof(text) - 1 - got)) > 0)
		got += (size_t)n;
	close(fd[0]);
	text[got] = '\0';
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 2)
		ktap_fail(__FILE__, __LINE__, "wait status 0x%x instead of exit status 2: %s",
			  (unsigned int)status, text);
	found = strstr(text, line);
	if (!found || (found > text && found[-1] != '\n') || found[strlen(line)] != '\n')
		ktap_fail(__FILE__, __LINE__, "\"%s\" instead of \"%s\"", text, line);
}

#endif /* KTAP_H */

// SPDX-License-Identifier: MIT
/*
 * The showcase: what becomes of the other goroutines while one blocks in the kernel,
 * with the module, without it, and in Go.
 *
 *   showcase		play the scenes in all three and print a table
 *   showcase --scenes	play them in this process: see scenes.h
 *   showcase --ender …	end the blocks of showcase-go: see ender.h
 *
 * A scene *held* when, in the median of its runs, the goroutine that counts made at
 * least a third of the progress it makes undisturbed, and its longest stall was below
 * half the length of the block, over and above the longest stall of an undisturbed
 * run.  When the processor is lost with the goroutine that blocks, there is no
 * progress at all and the stall is the whole block; the room in between is for a
 * machine that is busy with other things.  A loop that calls nothing does not give the
 * processor away but shares it: a third of a fair half is asked for there.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ender.h"
#include "scenes.h"

#define MAX_STALL_NS	(BLOCK_MS * 1000000LL / 2)
#define MIN_PERMILLE	333
#define MIN_PERMILLE_LOOP 166

/* A process that plays all scenes takes a few seconds. */
#define COLUMN_SECONDS	180

struct column {
	const char *title;
	const char *backend;		/* of the program in C, or NULL */
	bool ran;
	struct {
		bool played;
		long long stall, base;	/* ns */
		long permille;
	} scene[NR_SCENES];
};

static char looks[8192];		/* what debugfs showed */

static void column_line(struct column *c, const char *line)
{
	size_t used = strlen(looks);
	long long stall, base;
	long permille;
	int scene;

	if (!strncmp(line, "look ", 5)) {
		snprintf(looks + used, sizeof(looks) - used, "  %s", line + 5);
	} else if (sscanf(line, "scene %d %lld %ld %lld", &scene, &stall, &permille, &base) == 4 &&
		   scene >= 0 && scene < NR_SCENES) {
		c->scene[scene].played = true;
		c->scene[scene].stall = stall;
		c->scene[scene].permille = permille;
		c->scene[scene].base = base;
	}
}

/* Like fgets(), but not for ever. */
static bool read_line(FILE *file, char *line, int size, time_t deadline)
{
	struct pollfd fd = { .fd = fileno(file), .events = POLLIN };
	time_t now = time(NULL);

	/* The children write whole lines, and the stream keeps none back: see below. */
	if (now >= deadline || poll(&fd, 1, (deadline - now) * 1000) <= 0)
		return false;
	return fgets(line, size, file);
}

static pid_t start(const char *program, const char *argument, const char *backend, int output)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return pid;
	dup2(output, STDOUT_FILENO);
	setenv("GOMAXPROCS", "1", 1);
	if (backend)
		setenv("GOSCHED_BACKEND", backend, 1);
	execl(program, program, argument, NULL);
	err(127, "%s", program);
}

static void run_column(struct column *c, const char *program, const char *argument)
{
	time_t deadline = time(NULL) + COLUMN_SECONDS;
	int pipes[2], status;
	char line[256];
	FILE *file;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		err(1, "pipe");
	pid = start(program, argument, c->backend, pipes[1]);
	close(pipes[1]);
	file = fdopen(pipes[0], "r");
	if (!file)
		err(1, "fdopen");
	setvbuf(file, NULL, _IONBF, 0);
	while (read_line(file, line, sizeof(line), deadline))
		column_line(c, line);
	if (time(NULL) >= deadline) {
		warnx("%s: no end after %d s", c->title, COLUMN_SECONDS);
		kill(pid, SIGKILL);
	}
	fclose(file);
	waitpid(pid, &status, 0);
	c->ran = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!c->ran)
		warnx("%s: %s %d", c->title, WIFEXITED(status) ? "exit status" : "signal",
		      WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static bool scene_held(const struct column *c, enum scene scene)
{
	long enough = scene == SCENE_LOOP ? MIN_PERMILLE_LOOP : MIN_PERMILLE;

	return c->scene[scene].permille >= enough &&
	       c->scene[scene].stall - c->scene[scene].base < MAX_STALL_NS;
}

static void print_cell(const struct column *c, enum scene scene)
{
	char text[64] = "-";

	if (c->scene[scene].played)
		snprintf(text, sizeof(text), "%8.2f ms %4ld %%", c->scene[scene].stall / 1e6,
			 (c->scene[scene].permille + 5) / 10);
	printf(" | %18s", text);
}

static void print_table(const struct column *columns, int nr)
{
	printf("One processor.  One goroutine blocks for %d ms, another counts: its longest stall,\n"
	       "and its progress in %% of an undisturbed run of the same length.\n\n", BLOCK_MS);
	printf("%-28s", "scene");
	for (int i = 0; i < nr; i++)
		printf(" | %18s", columns[i].title);
	printf(" | undisturbed\n");
	for (enum scene scene = 0; scene < NR_SCENES; scene++) {
		printf("%-28s", scene_names[scene]);
		for (int i = 0; i < nr; i++)
			print_cell(&columns[i], scene);
		printf(" | %8.2f ms\n", columns[0].scene[scene].base / 1e6);
	}
	printf("\nEach figure is the median of a number of runs.  A scene held with the module when the\n"
	       "progress is %d %% and more (%d %% beside the loop), and the stall less than %lld ms\n"
	       "longer than the longest one of an undisturbed run (last column).\n",
	       MIN_PERMILLE / 10, MIN_PERMILLE_LOOP / 10, MAX_STALL_NS / 1000000);
}

/* The verdict is on the module alone. */
static int print_verdict(const struct column *module)
{
	int passed = 0, failed = 0, skipped = 0;

	for (enum scene scene = 0; scene < NR_SCENES; scene++) {
		if (module->ran && !module->scene[scene].played) {
			printf("skipped: %s\n", scene_names[scene]);
			skipped++;
		} else if (module->ran && scene_held(module, scene)) {
			passed++;
		} else {
			printf("did not hold: %s\n", scene_names[scene]);
			failed++;
		}
	}
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return passed == NR_SCENES ? 0 : 1;
}

static int show(void)
{
	struct column columns[] = {
		{ .title = "with the module", .backend = "uring" },
		{ .title = "host backend", .backend = "host" },
		{ .title = "Go" },
	};
	char self[PATH_MAX], twin[PATH_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int nr = 2;

	if (n < 0)
		err(1, "/proc/self/exe");
	self[n] = '\0';
	snprintf(twin, sizeof(twin), "%s-go", self);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < 2; i++)
		run_column(&columns[i], self, "--scenes");
	if (access(twin, X_OK) == 0)
		run_column(&columns[nr++], twin, self);

	print_table(columns, nr);
	if (*looks)
		printf("\nWhat debugfs showed in the middle of the first scene:\n\n%s\n", looks);
	return print_verdict(&columns[0]);
}

/* --ender REQUEST ACK PIPE FLAG UFFD PATH: descriptors that showcase-go has passed on. */
static int ender_main(char **argv)
{
	void *flag = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[3]), 0);
	const struct ender e = {
		.request = atoi(argv[0]),
		.ack = atoi(argv[1]),
		.pipe = atoi(argv[2]),
		.flag = flag,
		.uffd = atoi(argv[4]),
		.lock_path = argv[5],
	};

	if (flag == MAP_FAILED)
		err(1, "ender: flag");

	ender_serve(&e);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return show();
	if (argc == 2 && !strcmp(argv[1], "--scenes"))
		return scenes_main();
	if (argc == 8 && !strcmp(argv[1], "--ender"))
		return ender_main(argv + 2);
	fprintf(stderr, "usage: showcase [--scenes]\n");
	return 2;
}

// SPDX-License-Identifier: MIT
/*
 * The scenes: see scenes.h.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <gosched.h>

#include "ender.h"
#include "scenes.h"
#include "store.h"

#define TIMES 11		/* each scene is played */
#define DEBUGFS "/sys/kernel/debug/gosched"
#define PAGE 4096

const char *const scene_names[NR_SCENES] = {
	[SCENE_PIPE]		= "read() on a pipe",
	[SCENE_FAULT]		= "page fault served late",
	[SCENE_MUTEX]		= "pthread mutex in a C library",
	[SCENE_NANOSLEEP]	= "nanosleep()",
	[SCENE_FLOCK]		= "flock()",
	[SCENE_LOOP]		= "loop that calls nothing",
};

/* What there is to block on, and who ends it. */
static struct {
	int request, ack;	/* of the ender's */
	int pipe;
	int uffd;
	volatile char *pages;	/* one for each time */
	int lock;
	char lock_path[32];
	volatile unsigned int flag;
	struct ender ender;
} stage;

/* What the other goroutine does. */
struct count {
	volatile int done;
	volatile int64_t last;	/* when it last counted */
	int64_t longest;
	uint64_t n;
	go_waitgroup ended;
};

struct result {
	int64_t stall[TIMES];
	int64_t permille[TIMES];
	int64_t base[TIMES];	/* stall of an undisturbed run */
};

static void count_once(struct count *c)
{
	int64_t now;

	for (int i = 0; i < 20; i++)
		__asm__ volatile("pause");
	now = go_now();
	if (now - c->last > c->longest)
		c->longest = now - c->last;
	c->last = now;
	c->n++;
}

static void count_until_done(struct count *c)
{
	while (!c->done)
		count_once(c);
	go_waitgroup_done(&c->ended);
}

static void count_for_a_while(struct count *c)
{
	int64_t begin = go_now();

	c->last = begin;
	while (c->last - begin < BLOCK_MS * GO_MILLISECOND)
		count_once(c);
	go_waitgroup_done(&c->ended);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t median(int64_t *values)
{
	qsort(values, TIMES, sizeof(*values), compare);
	return values[TIMES / 2];
}

/* An undisturbed run: its longest stall, and how much it counts in a nanosecond. */
static int64_t play_base(double *counts_per_ns)
{
	struct count c = {};

	go_waitgroup_add(&c.ended, 1);
	go(count_for_a_while, &c);
	go_waitgroup_wait(&c.ended);
	*counts_per_ns = c.n / (double)(BLOCK_MS * GO_MILLISECOND);
	return c.longest;
}

static void ask_ender(char what)
{
	char byte;

	if (write(stage.request, &what, 1) != 1 || read(stage.ack, &byte, 1) != 1)
		err(1, "the ender has gone");
}

/* What comes before the time runs: have somebody ready to end the block. */
static void prepare(enum scene scene)
{
	switch (scene) {
	case SCENE_PIPE:
		ask_ender(ENDER_PIPE);
		break;
	case SCENE_FAULT:
		ask_ender(ENDER_FAULT);
		break;
	case SCENE_MUTEX:
		store_tidy_up(BLOCK_MS);
		break;
	case SCENE_FLOCK:
		ask_ender(ENDER_FLOCK);
		break;
	case SCENE_LOOP:
		stage.flag = 0;
		ask_ender(ENDER_FLAG);
		break;
	default:
		break;
	}
}

/* The ordinary C code. */
static void block(enum scene scene, int time)
{
	const struct timespec ts = { .tv_nsec = BLOCK_MS * 1000000L };
	char byte;

	switch (scene) {
	case SCENE_PIPE:
		if (read(stage.pipe, &byte, 1) != 1)
			err(1, "read");
		break;
	case SCENE_FAULT:
		(void)stage.pages[time * PAGE];
		break;
	case SCENE_MUTEX:
		store_put(time);
		break;
	case SCENE_NANOSLEEP:
		nanosleep(&ts, NULL);
		break;
	case SCENE_FLOCK:
		if (flock(stage.lock, LOCK_EX) || flock(stage.lock, LOCK_UN))
			err(1, "flock");
		break;
	default:
		while (!stage.flag)
			;
		break;
	}
}

/* The number of counts, and for how long. */
static uint64_t play_once(enum scene scene, int time, int64_t *stall, int64_t *ns)
{
	struct count c = {};
	int64_t begin, end;

	prepare(scene);
	go_waitgroup_add(&c.ended, 1);
	begin = go_now();
	c.last = begin;
	go(count_until_done, &c);
	block(scene, time);
	end = go_now();
	c.done = 1;
	/* It may have had no chance to count at all. */
	*stall = end - c.last > c.longest ? end - c.last : c.longest;
	*ns = end - begin;
	go_waitgroup_wait(&c.ended);
	return c.n;
}

static int look_now;		/* the ender is to look at debugfs, once */

static void play(enum scene scene)
{
	double before, after, n;
	struct result r;
	int64_t ns;

	if (scene == SCENE_FAULT && stage.uffd < 0) {
		printf("scene %d - - -\n", scene);
		return;
	}
	play_base(&before);
	for (int time = 0; time < TIMES; time++) {
		look_now = scene == SCENE_PIPE && time == TIMES / 2;
		n = play_once(scene, time, &r.stall[time], &ns);
		r.base[time] = play_base(&after);
		r.permille[time] = 1000 * n / ((before + after) / 2 * ns);
		before = after;
	}
	printf("scene %d %lld %lld %lld\n", scene, (long long)median(r.stall),
	       (long long)median(r.permille), (long long)median(r.base));
}

/*
 * debugfs: read by the ender's thread, which is none of ours, in the middle of a block.
 */
static void look_at_file(const char *folder, const char *name)
{
	char path[sizeof(DEBUGFS) + 280], line[256];
	FILE *file;

	snprintf(path, sizeof(path), DEBUGFS "/%s/%s", folder, name);
	file = fopen(path, "re");
	if (!file)
		return;
	printf("look %s/%s\n", folder, name);
	/* The P's that this run may not use are many. */
	while (fgets(line, sizeof(line), file))
		if (!strstr(line, " unused "))
			printf("look   %s", line);
	fclose(file);
}

static void look_at_debugfs(void)
{
	DIR *dir = look_now ? opendir(DEBUGFS) : NULL;
	struct dirent *entry;
	char mine[16];

	if (!dir)
		return;
	look_now = 0;
	snprintf(mine, sizeof(mine), "%d-", getpid());
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, mine, strlen(mine)))
			continue;
		look_at_file(entry->d_name, "procs");
		look_at_file(entry->d_name, "machines");
		look_at_file(entry->d_name, "counters");
	}
	closedir(dir);
}

static void *ender_thread(void *ender)
{
	ender_serve(ender);
	return NULL;
}

static int open_userfaultfd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	void *pages;

	if (fd < 0)
		return -1;
	pages = mmap(NULL, TIMES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	reg.range.start = (uintptr_t)pages;
	reg.range.len = TIMES * PAGE;
	if (pages == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	stage.pages = pages;
	return fd;
}

static void set_stage(void)
{
	int request[2], ack[2], pipes[2];
	pthread_t thread;

	strcpy(stage.lock_path, "/tmp/showcase.XXXXXX");
	stage.lock = mkostemp(stage.lock_path, O_CLOEXEC);
	if (stage.lock < 0 || pipe2(request, O_CLOEXEC) || pipe2(ack, O_CLOEXEC) ||
	    pipe2(pipes, O_CLOEXEC))
		err(1, "stage");
	stage.request = request[1];
	stage.ack = ack[0];
	stage.pipe = pipes[0];
	stage.uffd = open_userfaultfd();
	stage.ender = (struct ender){
		.request = request[0],
		.ack = ack[1],
		.pipe = pipes[1],
		.uffd = stage.uffd,
		.lock_path = stage.lock_path,
		.flag = &stage.flag,
		.half_way = look_at_debugfs,
	};
	if (pthread_create(&thread, NULL, ender_thread, &stage.ender) || store_open())
		errx(1, "no threads");
}

static int run(void *unused)
{
	(void)unused;
	for (enum scene scene = 0; scene < NR_SCENES; scene++)
		play(scene);
	return 0;
}

int scenes_main(void)
{
	int ret;

	set_stage();
	ret = go_run(run, NULL);
	unlink(stage.lock_path);
	return ret;
}

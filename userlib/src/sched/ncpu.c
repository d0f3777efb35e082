// SPDX-License-Identifier: MIT
/*
 * How many CPUs this process may use: affinity, and the CPU quota of its cgroups.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gosched.h>

#include "types.h"

#define CPUS_MAX	8192
#define CGROUP_ROOT	"/sys/fs/cgroup"

int go_numcpu(void)
{
	cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
	size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
	int nr = 1;

	if (!set)
		return nr;
	if (!sched_getaffinity(0, size, set))
		nr = CPU_COUNT_S(size, set);
	CPU_FREE(set);
	return nr > 0 ? nr : 1;
}

/* The quota in @file as a number of CPUs, rounded up; 0: none. */
static int quota_in(const char *file)
{
	long long quota, period;
	FILE *f = fopen(file, "re");
	int nr = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%lld %lld", &quota, &period) == 2 && quota > 0 && period > 0)
		nr = (int)((quota + period - 1) / period);
	fclose(f);
	return nr;
}

/* The path of this process in the unified hierarchy; whether there is one. */
static bool own_cgroup(char *path, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[4096];
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		found = !strncmp(line, "0::/", 4) && strlen(line + 3) < size;
		if (found)
			strcpy(path, line + 3);
	}
	fclose(f);
	return found;
}

/* The tightest quota of the process's cgroup and those above it; 0: none. */
static int quota(void)
{
	char path[4096], file[sizeof(path) + 64];
	int nr, least = 0;
	char *slash;

	if (!own_cgroup(path, sizeof(path)))
		return 0;
	while ((slash = strrchr(path, '/'))) {
		snprintf(file, sizeof(file), CGROUP_ROOT "%s/cpu.max", path);
		nr = quota_in(file);
		if (nr && (!least || nr < least))
			least = nr;
		*slash = '\0';
	}
	return least;
}

/* $GOMAXPROCS, or else what the process may use. */
int go_procs_default(void)
{
	const char *text = getenv("GOMAXPROCS");
	int cpus, limit, nr = text ? atoi(text) : 0;

	if (nr < 1) {
		cpus = go_numcpu();
		limit = quota();
		nr = limit && limit < cpus ? limit : cpus;
	}
	return nr < GOSCHED_MAX_PROCS ? nr : GOSCHED_MAX_PROCS;
}

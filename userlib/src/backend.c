// SPDX-License-Identifier: MIT
/*
 * Choosing a backend.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

#define NEEDS_DEVICE	"It needs " GOSCHED_DEVICE " (insmod gosched.ko; may this user open it?)"
#define NEEDS_IO_URING	"and io_uring (sysctl kernel.io_uring_disabled=0, no seccomp filter)"

/* In order of preference. */
static const struct {
	const struct go_backend *backend;
	const char *mend;	/* what to do when it cannot be had */
} choices[] = {
	{ &go_backend_uring, NEEDS_DEVICE " " NEEDS_IO_URING "." },
	{ &go_backend_ioctl, NEEDS_DEVICE "." },
	{ &go_backend_host, "It needs nothing but memory and threads." },
};

#define NR_CHOICES	(sizeof(choices) / sizeof(choices[0]))

static const struct go_backend *fail(size_t i, int err, const char *why)
{
	fprintf(stderr, "gosched: backend '%s' cannot be used: %s\n%s\n"
		"Unset GOSCHED_BACKEND to use the best one that can be had.\n",
		choices[i].backend->name, err == -ENODEV && why ? why : strerror(-err),
		choices[i].mend);
	return NULL;
}

static const struct go_backend *open_forced(const char *name, struct go_backend_config *config)
{
	size_t i;
	int err;

	for (i = 0; i < NR_CHOICES; i++) {
		if (strcmp(name, choices[i].backend->name))
			continue;
		err = choices[i].backend->open(config);
		return err ? fail(i, err, config->why) : choices[i].backend;
	}
	fprintf(stderr, "gosched: unknown backend '%s'; choose one of:", name);
	for (i = 0; i < NR_CHOICES; i++)
		fprintf(stderr, "%s %s", i ? "," : "", choices[i].backend->name);
	fprintf(stderr, "\n");
	return NULL;
}

const struct go_backend *go_backend_choose(struct go_backend_config *config)
{
	const char *forced = getenv("GOSCHED_BACKEND");
	size_t i;
	int err;

	if (forced && *forced)
		return open_forced(forced, config);
	for (i = 0; i < NR_CHOICES; i++) {
		err = choices[i].backend->open(config);
		if (!err)
			return choices[i].backend;
		if (err != -ENODEV)
			return fail(i, err, config->why);
	}
	return fail(NR_CHOICES - 1, err, config->why);
}

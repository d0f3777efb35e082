// SPDX-License-Identifier: GPL-2.0
/*
 * What every command must refuse, one fault at a time: the error is exact, and
 * neither the argument nor anything that can be seen of the domain has changed.
 */
#include <sys/mman.h>

#include "harness.h"

#define PAGE 4096

/* Everything that shows a domain's state; the counters may move by themselves. */
struct state {
	size_t map_size;
	char *map;
	char procs[4096], machines[4096];
};

static void state_take(struct state *s, const struct domain *d)
{
	*s = (struct state){ .map_size = d->header ? d->map_size : 0 };
	if (s->map_size) {
		s->map = malloc(s->map_size);
		CHECK(s->map);
		memcpy(s->map, d->header, s->map_size);
	}
	domain_read(getpid(), "procs", s->procs, sizeof(s->procs));
	domain_read(getpid(), "machines", s->machines, sizeof(s->machines));
}

static void state_same(struct state *s, const struct domain *d, const char *what)
{
	struct state now;

	state_take(&now, d);
	if (memcmp(s->map, now.map, s->map_size))
		check_failed(__FILE__, __LINE__, "%s: the shared slots have changed", what);
	if (strcmp(s->procs, now.procs))
		check_failed(__FILE__, __LINE__, "%s: P's have changed\n%s->\n%s", what, s->procs,
			     now.procs);
	if (strcmp(s->machines, now.machines))
		check_failed(__FILE__, __LINE__, "%s: M's have changed\n%s->\n%s", what,
			     s->machines, now.machines);
	free(s->map);
	free(now.map);
}

static void refuse_at(struct domain *d, unsigned long cmd, void *arg, int err, const char *what)
{
	struct state before;
	int seen;

	state_take(&before, d);
	seen = gosched_ioctl(d->fd, cmd, arg);
	if (seen != err)
		check_failed(__FILE__, __LINE__, "command %lu, %s: %s instead of %s", _IOC_NR(cmd),
			     what, seen ? strerror(-seen) : "success", strerror(-err));
	state_same(&before, d, what);
}

/* @size bytes of @arg are the struct, it is followed by a poisoned guard. */
static void refuse_buffer(struct domain *d, unsigned long cmd, const void *arg, size_t size,
			  int err, const char *what)
{
	char buffer[512], copy[512];

	CHECK(size <= sizeof(buffer));
	memset(buffer, 0xcc, sizeof(buffer));
	memcpy(buffer, arg, size);
	memcpy(copy, buffer, sizeof(copy));
	refuse_at(d, cmd, buffer, err, what);
	if (memcmp(buffer, copy, sizeof(copy)))
		check_failed(__FILE__, __LINE__, "%s: the argument has changed", what);
}

void refuse_whole(struct domain *d, unsigned long cmd, const void *good, size_t size, int err)
{
	refuse_buffer(d, cmd, good, size, err, "a good argument, but not here");
}

void refuse_fields(struct domain *d, unsigned long cmd, const void *good, size_t size,
		   const struct refusal *cases, size_t nr)
{
	char arg[512];

	for (size_t i = 0; i < nr; i++) {
		memcpy(arg, good, size);
		memcpy(arg + cases[i].offset, &cases[i].value, cases[i].width);
		refuse_buffer(d, cmd, arg, size, cases[i].err, cases[i].what);
	}
}

static void refuse_sizes(struct domain *d, unsigned long cmd, const void *good, size_t size)
{
	const uint32_t below[] = { 0, 1, 4, 8, size - 8, size - 1 };
	char what[64], arg[512] = "";
	uint32_t longer;

	memcpy(arg, good, size);
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		memcpy(arg, &below[i], sizeof(below[i]));
		snprintf(what, sizeof(what), "size %u", below[i]);
		refuse_buffer(d, cmd, arg, size, -EINVAL, what);
	}

	/* The part that this kernel does not know begins at @size. */
	for (longer = size + 1; longer <= size + 64; longer += 21) {
		memcpy(arg, &longer, sizeof(longer));
		arg[longer - 1] = 1;
		snprintf(what, sizeof(what), "size %u, last byte set", longer);
		refuse_buffer(d, cmd, arg, longer, -E2BIG, what);
		arg[longer - 1] = 0;
	}
}

static void refuse_flags(struct domain *d, unsigned long cmd, const void *good, size_t size,
			 uint32_t known)
{
	char what[64], arg[512];

	memcpy(arg, good, size);
	for (unsigned int bit = 0; bit < 32; bit++) {
		uint32_t flags = 1U << bit;

		if (flags & known)
			continue;
		memcpy(arg + offsetof(struct gosched_plain, flags), &flags, sizeof(flags));
		snprintf(what, sizeof(what), "flags 1 << %u", bit);
		refuse_buffer(d, cmd, arg, size, -EINVAL, what);
	}
}

static void refuse_pointers(struct domain *d, unsigned long cmd, const void *good, size_t size)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	uint32_t longer = size + 8;
	char *end = pages + PAGE;

	CHECK(pages != MAP_FAILED);
	CHECK_SYS(munmap(end, PAGE));
	refuse_at(d, cmd, NULL, -EFAULT, "NULL");
	refuse_at(d, cmd, end, -EFAULT, "unmapped memory");
	refuse_at(d, cmd, (void *)-4096UL, -EFAULT, "an address of the kernel's");
	memcpy(end - 4, good, 4);
	refuse_at(d, cmd, end - 4, -EFAULT, "only its size is mapped");
	memcpy(end - size + 1, good, size - 1);
	refuse_at(d, cmd, end - size + 1, -EFAULT, "its last byte is not mapped");
	memcpy(end - size, good, size);
	memcpy(end - size, &longer, sizeof(longer));
	refuse_at(d, cmd, end - size, -EFAULT, "its tail is not mapped");

	if (_IOC_DIR(cmd) & _IOC_READ) {
		memcpy(pages, good, size);
		CHECK_SYS(mprotect(pages, PAGE, PROT_READ));
		refuse_at(d, cmd, pages, -EFAULT, "an answer cannot be written");
	}
	CHECK_SYS(munmap(pages, PAGE));
}

void refuse_common(struct domain *d, unsigned long cmd, const void *good, size_t size,
		   uint32_t known_flags)
{
	refuse_sizes(d, cmd, good, size);
	refuse_flags(d, cmd, good, size, known_flags);
	refuse_pointers(d, cmd, good, size);
}

void accept_longer(int fd, unsigned long cmd, const void *good, size_t size, void *result)
{
	uint32_t longer = size + 40;
	char arg[512] = "";

	memcpy(arg, good, size);
	memcpy(arg, &longer, sizeof(longer));
	CHECK_EQ(gosched_ioctl(fd, cmd, arg), 0);
	for (size_t i = size; i < longer; i++)
		CHECK_EQ(arg[i], 0);
	memcpy(result, arg, size);
}

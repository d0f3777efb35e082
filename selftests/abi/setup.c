// SPDX-License-Identifier: GPL-2.0
/*
 * GOSCHED_IOC_SETUP.
 */
#include <sys/mman.h>

#include "harness.h"
#include "kselftest_harness.h"

static const struct gosched_setup good = {
	.size = sizeof(good),
	.nr_procs = 2,
	.max_procs = 3,
	.max_machines = 4,
	.slice_ns = GOSCHED_MIN_SLICE_NS,
};

TEST(slots_are_laid_out_and_empty)
{
	struct gosched_setup setup = good;
	struct gosched_header *h;
	struct domain d;

	setup.map_size = ~0ULL;
	domain_open_setup(&d, &setup);
	h = d.header;
	EXPECT_NE(~0ULL, setup.map_size);
	EXPECT_LE(sizeof(*h), h->pslot_offset);
	EXPECT_LE(h->pslot_offset + 3 * sizeof(struct gosched_pslot), h->mslot_offset);
	EXPECT_LE(h->mslot_offset + 4 * sizeof(struct gosched_mslot), setup.map_size);
	EXPECT_EQ(0, h->pslot_offset % 64);
	EXPECT_EQ(0, h->mslot_offset % 64);
	EXPECT_EQ(2, h->nr_procs);
	EXPECT_EQ(2, h->idle);
	EXPECT_EQ(0, h->spares);
	EXPECT_EQ(0, h->waiting);
	EXPECT_EQ(0, h->runnable);
	EXPECT_EQ(0, h->attention);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, domain_pslot(&d, i)->runnable);
		EXPECT_EQ(0, domain_pslot(&d, i)->tick);
		EXPECT_EQ(0, domain_pslot(&d, i)->deadline);
	}
}

TEST(input_fields_are_left_alone)
{
	struct gosched_setup setup = good;
	int fd = gosched_open();

	ASSERT_EQ(0, gosched_ioctl(fd, GOSCHED_IOC_SETUP, &setup));
	EXPECT_NE(0, setup.map_size);
	setup.map_size = good.map_size;
	EXPECT_EQ(0, memcmp(&setup, &good, sizeof(good)));
}

TEST(every_limit_is_allowed)
{
	const struct gosched_setup allowed[] = {
		{ .nr_procs = 1, .max_machines = 1 },
		{ .nr_procs = 1, .max_procs = 1, .max_machines = 1 },
		{ .nr_procs = GOSCHED_MAX_PROCS, .max_machines = 1 },
		{ .nr_procs = 1, .max_procs = GOSCHED_MAX_PROCS, .max_machines = 1 },
		{ .nr_procs = 1, .max_machines = GOSCHED_MAX_MACHINES },
		{ .nr_procs = 1, .max_machines = 1, .slice_ns = GOSCHED_MIN_SLICE_NS },
		{ .nr_procs = 1, .max_machines = 1, .slice_ns = GOSCHED_MAX_SLICE_NS },
		{ .nr_procs = 1, .max_machines = 1, .map_size = 12345 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		struct gosched_setup setup = allowed[i];
		struct domain d;

		setup.size = sizeof(setup);
		domain_open_setup(&d, &setup);
		EXPECT_EQ(setup.nr_procs, d.header->nr_procs);
		domain_close(&d);
	}
}

TEST(max_procs_of_0_is_nr_procs)
{
	struct domain d;

	domain_open(&d, 2, 0, 0);
	EXPECT_EQ(-EINVAL, domain_procs(&d, 3));
	EXPECT_EQ(2, domain_procs(&d, 2));
}

TEST(newer_struct)
{
	struct gosched_setup setup;
	int fd = gosched_open();

	accept_longer(fd, GOSCHED_IOC_SETUP, &good, sizeof(good), &setup);
	EXPECT_NE(0, setup.map_size);
}

/* Each refusal, then the good set-up on the same file: nothing had changed. */
TEST(bad_arguments)
{
	static const struct refusal cases[] = {
		REFUSE(gosched_setup, nr_procs, 0, -EINVAL),
		REFUSE(gosched_setup, nr_procs, 4, -EINVAL),	/* above max_procs */
		REFUSE(gosched_setup, nr_procs, GOSCHED_MAX_PROCS + 1, -EINVAL),
		REFUSE(gosched_setup, nr_procs, ~0U, -EINVAL),
		REFUSE(gosched_setup, max_procs, 1, -EINVAL),	/* below nr_procs */
		REFUSE(gosched_setup, max_procs, GOSCHED_MAX_PROCS + 1, -EINVAL),
		REFUSE(gosched_setup, max_procs, ~0U, -EINVAL),
		REFUSE(gosched_setup, max_machines, 0, -EINVAL),
		REFUSE(gosched_setup, max_machines, GOSCHED_MAX_MACHINES + 1, -EINVAL),
		REFUSE(gosched_setup, max_machines, ~0U, -EINVAL),
		REFUSE(gosched_setup, reserved, 1, -EINVAL),
		REFUSE(gosched_setup, reserved, 1U << 31, -EINVAL),
		REFUSE(gosched_setup, slice_ns, 1, -EINVAL),
		REFUSE(gosched_setup, slice_ns, GOSCHED_MIN_SLICE_NS - 1, -EINVAL),
		REFUSE(gosched_setup, slice_ns, GOSCHED_MAX_SLICE_NS + 1, -EINVAL),
		REFUSE(gosched_setup, slice_ns, ~0ULL, -EINVAL),
	};
	struct gosched_setup setup = good, too_many = good;
	struct domain d = { .fd = gosched_open() };

	refuse_fields(&d, GOSCHED_IOC_SETUP, &good, sizeof(good), cases, ARRAY_SIZE(cases));
	refuse_common(&d, GOSCHED_IOC_SETUP, &good, sizeof(good), 0);
	too_many.max_procs = 0;
	too_many.nr_procs = GOSCHED_MAX_PROCS + 1;
	refuse_whole(&d, GOSCHED_IOC_SETUP, &too_many, sizeof(too_many), -EINVAL);
	EXPECT_EQ(0, gosched_ioctl(d.fd, GOSCHED_IOC_SETUP, &setup));
}

TEST(twice_is_busy)
{
	struct gosched_setup other = good;
	struct domain d;

	domain_open(&d, 1, 2, 0);
	other.nr_procs = 1;
	refuse_whole(&d, GOSCHED_IOC_SETUP, &good, sizeof(good), -EBUSY);
	refuse_whole(&d, GOSCHED_IOC_SETUP, &other, sizeof(other), -EBUSY);
	ASSERT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
	EXPECT_EQ(-EBUSY, gosched_ioctl(d.fd, GOSCHED_IOC_SETUP, &other));
}

TEST(open_files_are_separate)
{
	struct domain a, b;

	domain_open(&a, 1, 2, 0);
	domain_open(&b, 2, 2, 0);
	EXPECT_EQ(1, a.header->nr_procs);
	EXPECT_EQ(2, b.header->nr_procs);
	EXPECT_EQ(1, domain_procs(&a, 2));
	EXPECT_EQ(2, domain_procs(&b, 1));
	EXPECT_EQ(2, a.header->nr_procs);
	EXPECT_EQ(1, b.header->nr_procs);
}

GOSCHED_TEST_MAIN

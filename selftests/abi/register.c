// SPDX-License-Identifier: GPL-2.0
/*
 * GOSCHED_IOC_REGISTER and GOSCHED_IOC_UNREGISTER.
 */
#include "harness.h"
#include "kselftest_harness.h"

static const struct gosched_register good = { .size = sizeof(good) };
static const struct gosched_plain plain = { .size = sizeof(plain) };

static void do_nothing(struct machine *m)
{
}

/* Stays registered until the controller lets it go. */
static void stay(struct machine *m)
{
	until(load((int *)m->arg));
}

TEST(registers_and_unregisters)
{
	struct gosched_register arg = good;
	struct gosched_mslot *slot;
	struct domain d;

	domain_open(&d, 1, 1, 0);
	arg.machine = ~0U;
	ASSERT_EQ(0, gosched_ioctl(d.fd, GOSCHED_IOC_REGISTER, &arg));
	EXPECT_GT(16, arg.machine);
	EXPECT_EQ(sizeof(arg), arg.size);
	slot = domain_mslot(&d, arg.machine);
	EXPECT_EQ(GOSCHED_NO_PROC, slot->proc);
	EXPECT_EQ(0, slot->crit);
	EXPECT_EQ(0, slot->flags);
	EXPECT_EQ(0, slot->goroutine);
	EXPECT_EQ(1, d.header->idle);
	EXPECT_EQ(0, d.header->spares);
	EXPECT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_UNREGISTER));
	EXPECT_EQ(1, d.header->idle);
}

TEST(newer_structs)
{
	struct gosched_register reg;
	struct gosched_plain unreg;
	struct domain d;

	domain_open(&d, 1, 1, 0);
	accept_longer(d.fd, GOSCHED_IOC_REGISTER, &good, sizeof(good), &reg);
	EXPECT_EQ(GOSCHED_NO_PROC, domain_mslot(&d, reg.machine)->proc);
	accept_longer(d.fd, GOSCHED_IOC_UNREGISTER, &plain, sizeof(plain), &unreg);
	EXPECT_EQ(-ENXIO, gosched_plain(d.fd, GOSCHED_IOC_UNREGISTER));
}

TEST(bad_arguments)
{
	static const struct refusal cases[] = {
		REFUSE(gosched_register, retire_sp, 4096, -EINVAL),	/* without retire_ip */
		REFUSE(gosched_register, retire_ip, 0xffffffff81000000ULL, -EINVAL),
		REFUSE(gosched_register, retire_ip, 0x0000800000000000ULL, -EINVAL),
		REFUSE(gosched_register, reserved, 1, -EINVAL),
		REFUSE(gosched_register, reserved, 1U << 31, -EINVAL),
	};
	struct gosched_register arg = good;
	struct domain d;

	domain_open(&d, 1, 1, 0);
	refuse_fields(&d, GOSCHED_IOC_REGISTER, &good, sizeof(good), cases, ARRAY_SIZE(cases));
	refuse_common(&d, GOSCHED_IOC_REGISTER, &good, sizeof(good), 0);
	EXPECT_EQ(-ENXIO, gosched_plain(d.fd, GOSCHED_IOC_UNREGISTER));
	EXPECT_EQ(0, gosched_ioctl(d.fd, GOSCHED_IOC_REGISTER, &arg));
}

TEST(bad_arguments_of_unregister)
{
	static const struct refusal cases[] = {
		REFUSE(gosched_plain, reserved, 1, -EINVAL),
		REFUSE(gosched_plain, reserved, 1ULL << 63, -EINVAL),
	};
	struct machine self = { 0 };
	struct domain d;

	domain_open(&d, 1, 1, 0);
	machine_register(&self, &d);
	refuse_fields(&d, GOSCHED_IOC_UNREGISTER, &plain, sizeof(plain), cases,
		      ARRAY_SIZE(cases));
	refuse_common(&d, GOSCHED_IOC_UNREGISTER, &plain, sizeof(plain), 0);
	EXPECT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_UNREGISTER));
}

TEST(before_setup)
{
	struct domain d = { .fd = gosched_open() };

	refuse_whole(&d, GOSCHED_IOC_REGISTER, &good, sizeof(good), -ENXIO);
	refuse_whole(&d, GOSCHED_IOC_UNREGISTER, &plain, sizeof(plain), -ENXIO);
}

TEST(twice)
{
	struct machine self = { 0 };
	struct domain d, other;

	domain_open(&d, 1, 1, 0);
	domain_open(&other, 1, 1, 0);
	refuse_whole(&d, GOSCHED_IOC_UNREGISTER, &plain, sizeof(plain), -ENXIO);
	machine_register(&self, &d);
	refuse_whole(&d, GOSCHED_IOC_REGISTER, &good, sizeof(good), -EBUSY);
	refuse_whole(&other, GOSCHED_IOC_REGISTER, &good, sizeof(good), -EBUSY);
	refuse_whole(&other, GOSCHED_IOC_UNREGISTER, &plain, sizeof(plain), -ENXIO);
	EXPECT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_UNREGISTER));
	refuse_whole(&d, GOSCHED_IOC_UNREGISTER, &plain, sizeof(plain), -ENXIO);
	machine_register(&self, &other);
	EXPECT_EQ(0, gosched_plain(other.fd, GOSCHED_IOC_UNREGISTER));
}

TEST(too_many)
{
	struct gosched_setup setup = {
		.size = sizeof(setup), .nr_procs = 1, .max_machines = 2,
	};
	struct machine m[2];
	struct domain d;
	int go[2] = { 0 };

	domain_open_setup(&d, &setup);
	machine_start(&m[0], &d, stay, &go[0]);
	machine_start(&m[1], &d, stay, &go[1]);
	EXPECT_NE(m[0].id, m[1].id);
	EXPECT_GT(2, m[0].id);
	EXPECT_GT(2, m[1].id);
	refuse_whole(&d, GOSCHED_IOC_REGISTER, &good, sizeof(good), -ENOSPC);

	/* A thread that ends without a word makes room. */
	store(&go[0], 1);
	machine_join(&m[0]);
	until(({
		struct gosched_register arg = good;

		gosched_ioctl(d.fd, GOSCHED_IOC_REGISTER, &arg) == 0;
	}));
	store(&go[1], 1);
	machine_join(&m[1]);
}

TEST(slots_are_reused_clean)
{
	struct gosched_register arg = good;
	struct gosched_mslot *slot;
	struct domain d;

	domain_open(&d, 1, 1, 0);
	for (int i = 0; i < 64; i++) {
		ASSERT_EQ(0, gosched_ioctl(d.fd, GOSCHED_IOC_REGISTER, &arg));
		slot = domain_mslot(&d, arg.machine);
		ASSERT_EQ(0, slot->crit);
		ASSERT_EQ(0, slot->flags);
		ASSERT_EQ(0, slot->goroutine);
		ASSERT_EQ(GOSCHED_NO_PROC, slot->proc);
		store(&slot->goroutine, 42);
		store(&slot->flags, GOSCHED_M_NEED_RESCHED);
		store(&slot->crit, 3);
		ASSERT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_UNREGISTER));
	}
}

TEST(many_threads_come_and_go)
{
	struct machine m[16];
	struct domain d;

	domain_open(&d, 1, 1, 0);
	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < 16; i++) {
			machine_start(&m[i], &d, do_nothing, NULL);
			machine_join(&m[i]);
		}
	}
	EXPECT_EQ(1, load(&d.header->idle));
}

TEST(after_shutdown)
{
	struct machine self = { 0 };
	struct domain d;

	domain_open(&d, 1, 1, 0);
	machine_register(&self, &d);
	ASSERT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_SHUTDOWN));
	EXPECT_EQ(0, gosched_plain(d.fd, GOSCHED_IOC_UNREGISTER));
	refuse_whole(&d, GOSCHED_IOC_REGISTER, &good, sizeof(good), -ESHUTDOWN);
}

GOSCHED_TEST_MAIN

// SPDX-License-Identifier: GPL-2.0
/* Commands: checks of arguments, a case for each field and each limit. */
#include <linux/sched.h>

#include "fixture.h"

struct gs_setup_case {
	const char *name;
	struct gosched_setup arg;
	int ret;
};

#define GS_SETUP(...) { .nr_procs = 1, .max_machines = 1, __VA_ARGS__ }

static const struct gs_setup_case gs_setup_cases[] = {
	{ "least", GS_SETUP(), 0 },
	{ "most", { .nr_procs = GOSCHED_MAX_PROCS, .max_machines = GOSCHED_MAX_MACHINES }, 0 },
	{ "room to grow", GS_SETUP(.max_procs = GOSCHED_MAX_PROCS), 0 },
	{ "shortest slice", GS_SETUP(.slice_ns = GOSCHED_MIN_SLICE_NS), 0 },
	{ "longest slice", GS_SETUP(.slice_ns = GOSCHED_MAX_SLICE_NS), 0 },
	{ "flags", GS_SETUP(.flags = 1), -EINVAL },
	{ "high flag", GS_SETUP(.flags = 1U << 31), -EINVAL },
	{ "reserved", GS_SETUP(.reserved = 1), -EINVAL },
	{ "no P", { .max_machines = 1 }, -EINVAL },
	{ "no P but room", { .max_procs = 1, .max_machines = 1 }, -EINVAL },
	{ "too many P's", { .nr_procs = GOSCHED_MAX_PROCS + 1, .max_machines = 1 }, -EINVAL },
	{ "too much room", GS_SETUP(.max_procs = GOSCHED_MAX_PROCS + 1), -EINVAL },
	{ "more than room", { .nr_procs = 3, .max_procs = 2, .max_machines = 1 }, -EINVAL },
	{ "no M", { .nr_procs = 1 }, -EINVAL },
	{ "too many M's", { .nr_procs = 1, .max_machines = GOSCHED_MAX_MACHINES + 1 }, -EINVAL },
	{ "slice too short", GS_SETUP(.slice_ns = GOSCHED_MIN_SLICE_NS - 1), -EINVAL },
	{ "slice too long", GS_SETUP(.slice_ns = GOSCHED_MAX_SLICE_NS + 1), -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(gs_setup, gs_setup_cases, name);

static void check_setup(struct kunit *test)
{
	const struct gs_setup_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, gs_cmd_check_setup(&c->arg), c->ret);
}

struct gs_register_case {
	const char *name;
	struct gosched_register arg;
	int ret;
};

static const struct gs_register_case gs_register_cases[] = {
	{ "plain", {}, 0 },
	{ "with retire entry", { .retire_ip = 0x1000, .retire_sp = 0x2000 }, 0 },
	{ "flags", { .flags = 1 }, -EINVAL },
	{ "reserved", { .reserved = 1 }, -EINVAL },
	{ "ip alone", { .retire_ip = 0x1000 }, -EINVAL },
	{ "sp alone", { .retire_sp = 0x1000 }, -EINVAL },
	{ "kernel ip", { .retire_ip = TASK_SIZE_MAX, .retire_sp = 0x1000 }, -EINVAL },
	{ "kernel sp", { .retire_ip = 0x1000, .retire_sp = TASK_SIZE_MAX }, -EINVAL },
	{ "not canonical", { .retire_ip = 1ULL << 63, .retire_sp = 0x1000 }, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(gs_register, gs_register_cases, name);

static void check_register(struct kunit *test)
{
	const struct gs_register_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, gs_cmd_check_register(&c->arg), c->ret);
}

static void check_plain(struct kunit *test)
{
	struct gosched_plain arg = {};
	int bit;

	KUNIT_EXPECT_EQ(test, gs_cmd_check_plain(&arg, 0), 0);
	arg.reserved = 1ULL << 63;
	KUNIT_EXPECT_EQ(test, gs_cmd_check_plain(&arg, 0), -EINVAL);
	arg.reserved = 0;
	for (bit = 0; bit < 32; bit++) {
		arg.flags = 1U << bit;
		KUNIT_EXPECT_EQ(test, gs_cmd_check_plain(&arg, 0), -EINVAL);
		KUNIT_EXPECT_EQ(test, gs_cmd_check_plain(&arg, 1U << bit), 0);
		KUNIT_EXPECT_EQ(test, gs_cmd_check_plain(&arg, ~(1U << bit)), -EINVAL);
	}
}

static struct kunit_case gs_cmd_cases[] = {
	KUNIT_CASE_PARAM(check_setup, gs_setup_gen_params),
	KUNIT_CASE_PARAM(check_register, gs_register_gen_params),
	KUNIT_CASE(check_plain),
	{}
};

struct kunit_suite gs_cmd_suite = {
	.name = "gosched_cmd",
	.test_cases = gs_cmd_cases,
};

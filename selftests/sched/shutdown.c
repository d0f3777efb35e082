// SPDX-License-Identifier: GPL-2.0
/*
 * A shutdown lets everybody go; with GOSCHED_SHUTDOWN_RETIRE, user code outside
 * critical sections goes on where the M has said.
 */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "harness.h"
#include "kselftest_harness.h"

struct stage {
	struct domain d;
	struct machine m[3];
	int pipes[2];
	int go, go_yield, stop;
};

/* Step 1: has a P.  2: is back from its block. */
static void block(struct machine *m)
{
	struct stage *s = m->arg;
	char byte;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(&s->go);
	CHECK_EQ(read(s->pipes[0], &byte, 1), 1);
	machine_step(m, 2);
}

static void hold(struct machine *m)
{
	struct stage *s = m->arg;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(&s->stop);
}

/* Step 3: a shutdown has ended its yield. */
static void yield(struct machine *m)
{
	struct stage *s = m->arg;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	machine_until(&s->go_yield);
	CHECK_EQ(machine_yield(m), -ESHUTDOWN);
	machine_step(m, 3);
}

TEST(trapped_and_yielding_go_on)
{
	struct stage s = { 0 };

	ASSERT_EQ(0, pipe(s.pipes));
	domain_open(&s.d, 1, 1, NO_SLICE);
	machine_start_holding(&s.m[0], &s.d, block, &s);
	machine_start_spare(&s.m[1], &s.d, yield, &s);
	store(&s.d.header->runnable, 1);
	store(&s.go, 1);			/* M 0 blocks, M 1 runs */
	until(machine_at(&s.m[1]) == 1);
	machine_start_spare(&s.m[2], &s.d, hold, &s);
	store(&s.go_yield, 1);			/* M 1 yields to M 2 */
	until(machine_at(&s.m[2]) == 1);
	ASSERT_EQ(1, write(s.pipes[1], "x", 1));
	until(load(&s.d.header->waiting) == 2);
	EXPECT_EQ(1, machine_at(&s.m[0]));
	EXPECT_EQ(1, machine_at(&s.m[1]));

	ASSERT_EQ(0, gosched_plain(s.d.fd, GOSCHED_IOC_SHUTDOWN));
	until(machine_at(&s.m[0]) == 2);
	until(machine_at(&s.m[1]) == 3);
	EXPECT_EQ(1, machine_at(&s.m[2]));	/* nobody disturbs user code */
	store(&s.stop, 1);
	for (int i = 0; i < 3; i++)
		machine_join(&s.m[i]);
}

/*
 * Retiring.  The M keeps magic values in its registers; the entry stores them and
 * goes on in C on the stack it was given.
 */
#define STACK_SIZE 16384

struct retired {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rsp;
} retired;

static struct machine *retiring;
static int left;		/* the critical section, if it was in one */
static int in_user_code;

void retire_entry(void);
void retire_main(void);

asm(".text\n"
    ".globl retire_entry\n"
    "retire_entry:\n"
    "	mov %rax, retired(%rip)\n"
    "	mov %rbx, retired+8(%rip)\n"
    "	mov %rcx, retired+16(%rip)\n"
    "	mov %rdx, retired+24(%rip)\n"
    "	mov %rsi, retired+32(%rip)\n"
    "	mov %rdi, retired+40(%rip)\n"
    "	mov %rbp, retired+48(%rip)\n"
    "	mov %r8, retired+56(%rip)\n"
    "	mov %r9, retired+64(%rip)\n"
    "	mov %r10, retired+72(%rip)\n"
    "	mov %r11, retired+80(%rip)\n"
    "	mov %r12, retired+88(%rip)\n"
    "	mov %r13, retired+96(%rip)\n"
    "	mov %r14, retired+104(%rip)\n"
    "	mov %r15, retired+112(%rip)\n"
    "	mov %rsp, retired+120(%rip)\n"
    "	call retire_main\n"
    "	ud2\n");

/* Ends the thread without a return through a stack that is not its own. */
void retire_main(void)
{
	machine_step(retiring, 9);
	syscall(SYS_exit, 0);
}

/* Fills the registers, says so, and never comes back. */
static void loop_with_magic_registers(int *flag)
{
	asm volatile(
		"movl $1, (%0)\n"
		"mov $0x1001, %%rax\n"
		"mov $0x1002, %%rbx\n"
		"mov $0x1003, %%rcx\n"
		"mov $0x1004, %%rdx\n"
		"mov $0x1005, %%rsi\n"
		"mov $0x1006, %%rdi\n"
		"mov $0x1007, %%r8\n"
		"mov $0x1008, %%r9\n"
		"mov $0x1009, %%r10\n"
		"mov $0x100a, %%r11\n"
		"mov $0x100b, %%r12\n"
		"mov $0x100c, %%r13\n"
		"mov $0x100d, %%r14\n"
		"mov $0x100e, %%r15\n"
		"1: pause\n"
		"jmp 1b\n"
		: : "r"(flag) : "memory");
	__builtin_unreachable();
}

static void *stack_top(void)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));

	return stack + sizeof(stack);
}

/* The harness registers without a retire_ip: once more, with. */
static void register_retiring(struct machine *m)
{
	struct gosched_register arg = {
		.size = sizeof(arg),
		.retire_ip = (uintptr_t)retire_entry,
		.retire_sp = (uintptr_t)stack_top(),
	};

	CHECK_EQ(gosched_plain(m->d->fd, GOSCHED_IOC_UNREGISTER), 0);
	CHECK_EQ(gosched_ioctl(m->d->fd, GOSCHED_IOC_REGISTER, &arg), 0);
	m->id = arg.machine;
	m->slot = domain_mslot(m->d, m->id);
	retiring = m;
}

static void loop(struct machine *m)
{
	register_retiring(m);
	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	loop_with_magic_registers(&in_user_code);
}

static void loop_inside(struct machine *m)
{
	struct stage *s = m->arg;

	register_retiring(m);
	CHECK_EQ(machine_wait(m), 0);
	machine_crit_enter(m);
	machine_step(m, 1);
	machine_until(&s->stop);
	store(&left, 1);
	machine_crit_exit(m);
	loop_with_magic_registers(&in_user_code);
}

static void block_retiring(struct machine *m)
{
	register_retiring(m);
	block(m);
}

static int retire(struct domain *d)
{
	struct gosched_plain arg = { .size = sizeof(arg), .flags = GOSCHED_SHUTDOWN_RETIRE };

	return gosched_ioctl(d->fd, GOSCHED_IOC_SHUTDOWN, &arg);
}

static void expect_magic(struct __test_metadata *_metadata)
{
	EXPECT_EQ(0x1001, retired.rax);
	EXPECT_EQ(0x1002, retired.rbx);
	EXPECT_EQ(0x1003, retired.rcx);
	EXPECT_EQ(0x1004, retired.rdx);
	EXPECT_EQ(0x1005, retired.rsi);
	EXPECT_EQ(0x1006, retired.rdi);
	EXPECT_EQ(0x1007, retired.r8);
	EXPECT_EQ(0x1008, retired.r9);
	EXPECT_EQ(0x1009, retired.r10);
	EXPECT_EQ(0x100a, retired.r11);
	EXPECT_EQ(0x100b, retired.r12);
	EXPECT_EQ(0x100c, retired.r13);
	EXPECT_EQ(0x100d, retired.r14);
	EXPECT_EQ(0x100e, retired.r15);
	EXPECT_EQ((uintptr_t)stack_top(), retired.rsp);
}

TEST(retires_a_loop)
{
	struct stage s = { 0 };

	domain_open(&s.d, 1, 1, NO_SLICE);
	store(&s.d.header->runnable, 1);
	machine_start(&s.m[0], &s.d, loop, &s);
	until(load(&in_user_code));
	ASSERT_EQ(0, retire(&s.d));
	until(machine_at(&s.m[0]) == 9);
	expect_magic(_metadata);
	machine_join(&s.m[0]);
}

TEST(retires_after_a_shutdown_without)
{
	struct stage s = { 0 };
	struct until u = until_begin();

	domain_open(&s.d, 1, 1, NO_SLICE);
	store(&s.d.header->runnable, 1);
	machine_start(&s.m[0], &s.d, loop, &s);
	until(load(&in_user_code));
	ASSERT_EQ(0, gosched_plain(s.d.fd, GOSCHED_IOC_SHUTDOWN));
	until_again(&u);
	EXPECT_EQ(1, machine_at(&s.m[0]));
	ASSERT_EQ(0, retire(&s.d));
	until(machine_at(&s.m[0]) == 9);
	expect_magic(_metadata);
	machine_join(&s.m[0]);
}

TEST(not_inside_a_critical_section)
{
	struct stage s = { 0 };
	struct until u = until_begin();

	domain_open(&s.d, 1, 1, GOSCHED_MIN_SLICE_NS);
	store(&s.d.header->runnable, 1);
	machine_start(&s.m[0], &s.d, loop_inside, &s);
	until(machine_at(&s.m[0]) == 1);
	ASSERT_EQ(0, retire(&s.d));
	for (int i = 0; i < 20; i++) {
		until_again(&u);
		ASSERT_EQ(1, machine_at(&s.m[0]));
	}
	store(&s.stop, 1);
	until(machine_at(&s.m[0]) == 9);
	EXPECT_EQ(1, load(&left));
	machine_join(&s.m[0]);
}

TEST(retires_what_comes_back_from_a_block)
{
	struct stage s = { 0 };
	struct until u = until_begin();

	ASSERT_EQ(0, pipe(s.pipes));
	domain_open(&s.d, 1, 1, NO_SLICE);
	store(&s.d.header->runnable, 1);
	store(&s.go, 1);
	machine_start(&s.m[0], &s.d, block_retiring, &s);
	until(machine_at(&s.m[0]) == 1 && load(&s.d.header->idle) == 1);
	ASSERT_EQ(0, retire(&s.d));
	until_again(&u);
	EXPECT_EQ(1, machine_at(&s.m[0]));
	ASSERT_EQ(1, write(s.pipes[1], "x", 1));
	until(machine_at(&s.m[0]) == 9);
	machine_join(&s.m[0]);
}

TEST(leaves_others_alone)
{
	struct stage s = { 0 };

	domain_open(&s.d, 1, 1, NO_SLICE);
	machine_start_holding(&s.m[0], &s.d, hold, &s);
	ASSERT_EQ(0, retire(&s.d));
	store(&s.stop, 1);
	machine_join(&s.m[0]);
}

GOSCHED_TEST_MAIN

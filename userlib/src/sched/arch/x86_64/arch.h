/* SPDX-License-Identifier: MIT */
/*
 * What the scheduler needs of the processor: x86-64 System V.
 */
#ifndef GO_ARCH_H
#define GO_ARCH_H

#include <stdint.h>

#define GO_ARCH_NAME	"amd64"
#define GO_PAGE_SIZE	4096UL
#define GO_ARG_MAX	6	/* integer argument registers */

/* What go_switch() leaves at the saved stack pointer; see switch.S. */
struct go_frame {
	uint32_t mxcsr;
	uint16_t fpucw;
	uint16_t pad;
	uint64_t r15, r14, r13, r12, rbx, rbp;
	void (*rip)(void);
};

/* The floating-point control words of the calling thread: a goroutine inherits them. */
static inline void go_frame_init(struct go_frame *f, void (*entry)(void))
{
	*f = (struct go_frame){ .rip = entry };
	__asm__("stmxcsr %0" : "=m"(f->mxcsr));
	__asm__("fnstcw %0" : "=m"(f->fpucw));
}

static inline void go_pause(void)
{
	__builtin_ia32_pause();
}

#endif /* GO_ARCH_H */

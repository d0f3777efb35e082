/* SPDX-License-Identifier: MIT */
/*
 * Switching stacks, x86-64 System V.
 *
 * A stack that does not run holds a struct go_frame (arch.h) at its saved stack
 * pointer: what the ABI says a call preserves, and the address to return to.
 */

	.text

	.macro	FUNC name
	.globl	\name
	.hidden	\name
	.type	\name, @function
	.p2align 4
\name:
	.cfi_startproc
	.endm

	.macro	ENDFUNC name
	.cfi_endproc
	.size	\name, . - \name
	.endm

	.macro	SAVE
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	push	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	push	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r13, 0
	push	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r14, 0
	push	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r15, 0
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	.endm

	.macro	RESTORE
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	pop	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore r15
	pop	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore r14
	pop	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore r13
	pop	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore r12
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	pop	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbp
	.endm

/*
 * void go_switch(void **save, void *to)
 *
 * Leave this stack, its stack pointer in *save, and go on where @to was left.  Both
 * stacks hold the same frame, so the unwind information holds on either.
 */
FUNC go_switch
	SAVE
	mov	%rsp, (%rdi)
	mov	%rsi, %rsp
	RESTORE
	ret
ENDFUNC go_switch

/*
 * Where a new goroutine's stack begins: no frame above, so unwinding ends here.
 */
FUNC go_entry
	.cfi_undefined rip
	xor	%ebp, %ebp
	call	go_g_main
	ud2
ENDFUNC go_entry

/*
 * void go_call_with_way_out(void **save, void (*fn)(void *), void *arg)
 *
 * fn(arg), leaving in *save the stack pointer with which go_way_out may be entered to
 * make this call return at once, whatever the thread is at.
 */
FUNC go_call_with_way_out
	SAVE
	mov	%rsp, (%rdi)
	mov	%rdx, %rdi
	call	*%rsi
	RESTORE
	ret
ENDFUNC go_call_with_way_out

/*
 * Where the kernel sends a thread, with the stack pointer above, that is in the midst
 * of user code: no register but the stack pointer means anything.
 */
FUNC go_way_out
	.cfi_def_cfa rsp, 64
	.cfi_offset rip, -8
	.cfi_offset rbp, -16
	.cfi_offset rbx, -24
	.cfi_offset r12, -32
	.cfi_offset r13, -40
	.cfi_offset r14, -48
	.cfi_offset r15, -56
	cld
	fninit
	RESTORE
	ret
ENDFUNC go_way_out

/*
 * void go_capture(void)
 *
 * Called by go(f, ...) as if it were f, with f itself in r10.
 */
FUNC go_capture
	sub	$56, %rsp
	.cfi_adjust_cfa_offset 56
	mov	%rdi, (%rsp)
	mov	%rsi, 8(%rsp)
	mov	%rdx, 16(%rsp)
	mov	%rcx, 24(%rsp)
	mov	%r8, 32(%rsp)
	mov	%r9, 40(%rsp)
	mov	%r10, %rdi
	mov	%rsp, %rsi
	call	go_start_captured
	add	$56, %rsp
	.cfi_adjust_cfa_offset -56
	ret
ENDFUNC go_capture

	.section .note.GNU-stack, "", @progbits

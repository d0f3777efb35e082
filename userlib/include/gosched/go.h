/* SPDX-License-Identifier: MIT */
/*
 * Goroutines: the runtime, starting and ending, panic.
 */
#ifndef GO_GO_H
#define GO_GO_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define GO_NORETURN	[[noreturn]]
#else
#define GO_NORETURN	_Noreturn
#endif

/*
 * Start the runtime, run fn(@arg) as the main goroutine and return its result as
 * soon as it returns, whatever other goroutines do: they never run again.  May be
 * called again afterwards, but not from a goroutine, nor by two threads at a time.
 */
int go_run(int (*fn)(void *), void *arg);

/*
 * go(f, args...): start a goroutine that calls f(args...), with up to 6 integer or
 * pointer arguments.  A statement.  The arguments are evaluated here and now, once,
 * and checked and converted as by f's prototype; f may be a function pointer; its
 * result is dropped.  Out of memory is a panic.  C only: in C++ use go_spawn().
 */
#ifndef __cplusplus
#define go(...) \
	GO_GO_EXPAND(GO_GO_COUNT(__VA_ARGS__, X, X, X, X, 6, 5, 4, 3, 2, 1, 0, ~), __VA_ARGS__)
#endif

/*
 * Start a goroutine that calls fn(@arg): 0, -ENOMEM, or -EPERM outside a goroutine.
 * A goroutine takes two mappings: sysctl vm.max_map_count allows for some 32,000.
 */
int go_spawn(void (*fn)(void *), void *arg);

/* Let others run. */
void go_yield(void);

/* End the calling goroutine.  In the main goroutine: the others go on. */
GO_NORETURN void go_exit(void);

/* Number of the calling goroutine; the main goroutine is 1.  0 on other threads. */
uint64_t go_id(void);

/*
 * Set how many goroutines may run at a time, and return what it was; @n < 1 only
 * asks.  It begins as $GOMAXPROCS or else the CPUs that this process may use.
 */
int go_maxprocs(int n);

int go_numcpu(void);		/* CPUs in the affinity mask of the process */
int go_numgoroutine(void);	/* goroutines that have not ended */

/*
 * Stack size of goroutines that the calling one starts from now on, rounded up to
 * pages; 0 for the default of 256 KiB.  Memory is only used for what is touched.
 */
void go_set_stack_size(size_t bytes);

/*
 * Around foreign code that may block in the kernel: others run meanwhile.  In between
 * the goroutine must call nothing of this library.  The pair may be nested.  With the
 * kernel module neither is needed, and both do nothing.
 */
void go_blocking_begin(void);
void go_blocking_end(void);

/* Print "panic: ", the text and the goroutine to stderr, and exit with status 2. */
GO_NORETURN void go_panic(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));

const char *go_os(void);	/* "linux" */
const char *go_arch(void);	/* as Go names it: "amd64" */
const char *go_version(void);

/*
 * A goroutine may go on in another thread after any call that lets others run, but
 * compilers keep the address of errno across calls.  So errno goes through a
 * function here that they may not cache; the library keeps its value for each
 * goroutine.  The same holds for thread-local variables of your own: take no address
 * of one across a call to the library.
 */
int *go_errno_location(void);
#undef errno
#define errno (*go_errno_location())

/*
 * What go() is made of.
 *
 * go_capture_entry() returns the address of a routine that is called with f's own
 * prototype, so that the compiler checks and converts the arguments, and with f in the
 * static chain register.  It starts a goroutine with the contents of the argument
 * registers.  No result may be so large that its address takes one of them.
 */
void (*go_capture_entry(void))(void);

/* The type of a pointer to f, without f's noreturn, const and pure: this call returns. */
#define GO_GO_POINTER(f) \
	__typeof__(__builtin_choose_expr( \
		__builtin_types_compatible_p(__typeof__(f), __typeof__(&*(f))), \
		(f), (__typeof__(f) *)0))
#define GO_GO_CALL(f, args) do { \
	_Static_assert(__extension__(sizeof((f)args)) <= 16, \
		       "go: the function's result is larger than 16 bytes"); \
	__extension__ __builtin_call_with_static_chain( \
		((GO_GO_POINTER(f))go_capture_entry())args, (void *)(f)); \
} while (0)

#define GO_GO_0(f)			GO_GO_CALL(f, ())
#define GO_GO_1(f, a)			GO_GO_CALL(f, (a))
#define GO_GO_2(f, a, b)		GO_GO_CALL(f, (a, b))
#define GO_GO_3(f, a, b, c)		GO_GO_CALL(f, (a, b, c))
#define GO_GO_4(f, a, b, c, d)		GO_GO_CALL(f, (a, b, c, d))
#define GO_GO_5(f, a, b, c, d, e)	GO_GO_CALL(f, (a, b, c, d, e))
#define GO_GO_6(f, a, b, c, d, e, g)	GO_GO_CALL(f, (a, b, c, d, e, g))
#define GO_GO_X(...)	_Static_assert(0, "go: more than 6 arguments")
#define GO_GO_COUNT(f, a, b, c, d, e, g, h, i, j, k, n, ...)	n
#define GO_GO_EXPAND(n, ...)		GO_GO_JOIN(n, __VA_ARGS__)
#define GO_GO_JOIN(n, ...)		GO_GO_##n(__VA_ARGS__)

#ifdef __cplusplus
}
#endif

#endif /* GO_GO_H */

/* SPDX-License-Identifier: MIT */
/*
 * Durations, in nanoseconds, and the clock.
 */
#ifndef GO_TIME_H
#define GO_TIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GO_NANOSECOND	INT64_C(1)
#define GO_MICROSECOND	(1000 * GO_NANOSECOND)
#define GO_MILLISECOND	(1000 * GO_MICROSECOND)
#define GO_SECOND	(1000 * GO_MILLISECOND)
#define GO_MINUTE	(60 * GO_SECOND)
#define GO_HOUR		(60 * GO_MINUTE)

/* Nanoseconds on CLOCK_MONOTONIC. */
int64_t go_now(void);

/* Pause the calling goroutine for at least @ns; not at all when @ns <= 0. */
void go_sleep(int64_t ns);

#ifdef __cplusplus
}
#endif

#endif /* GO_TIME_H */

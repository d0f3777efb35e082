/* SPDX-License-Identifier: MIT */
/*
 * gosched: goroutines for C programs.
 *
 *   #include <gosched.h>
 *
 *   static void hello(const char *name, go_waitgroup *wg)
 *   {
 *           printf("hello %s\n", name);
 *           go_waitgroup_done(wg);
 *   }
 *
 *   static int run(void *arg)
 *   {
 *           go_waitgroup wg = {};
 *
 *           go_waitgroup_add(&wg, 1);
 *           go(hello, "world", &wg);
 *           go_waitgroup_wait(&wg);
 *           return 0;
 *   }
 *
 *   int main(void)
 *   {
 *           return go_run(run, NULL);
 *   }
 *
 * Functions that can fail in the ordinary course return a negative errno.  Misuse
 * that is a panic in Go is a panic here, with Go's wording.
 */
#ifndef GOSCHED_H
#define GOSCHED_H

#include <gosched/go.h>
#include <gosched/time.h>
#include <gosched/chan.h>
#include <gosched/sync.h>
#include <gosched/io.h>

#endif /* GOSCHED_H */

/* SPDX-License-Identifier: MIT */
/*
 * A C library like many others: it has a lock and a thread of its own, and knows
 * nothing of goroutines.
 */
#ifndef STORE_H
#define STORE_H

/* 0, or -1 when there is no thread to be had. */
int store_open(void);

/* Begin to tidy up, which takes @ms and keeps everybody else out. */
void store_tidy_up(int ms);

/* Waits while the store is being tidied up.  The number of things in it. */
int store_put(int thing);

#endif /* STORE_H */

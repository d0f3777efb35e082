/* SPDX-License-Identifier: MIT */
/*
 * The ender: ends a block after BLOCK_MS.  A foreign thread of the program in C,
 * and a process of its own for the program in Go, where everything inside might
 * wait for the one processor that is to be watched.
 *
 * A byte on @request asks for a block, one on @ack says that the time runs.
 */
#ifndef ENDER_H
#define ENDER_H

#define BLOCK_MS 50

/* What is asked for. */
#define ENDER_PIPE	'p'	/* a byte will be written to @pipe */
#define ENDER_FAULT	'f'	/* the fault that @uffd tells of will be served */
#define ENDER_FLOCK	'l'	/* @lock_path is locked, and will be unlocked */
#define ENDER_FLAG	's'	/* @flag will be 1 */

struct ender {
	int request, ack;
	int pipe;
	int uffd;			/* -1: there is none */
	const char *lock_path;
	volatile unsigned int *flag;
	void (*half_way)(void);		/* called while the block lasts, or NULL */
};

/* Serves requests until @request is closed. */
void ender_serve(const struct ender *e);

#endif /* ENDER_H */

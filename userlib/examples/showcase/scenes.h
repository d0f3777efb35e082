/* SPDX-License-Identifier: MIT */
/*
 * The scenes of the showcase.
 *
 * One processor.  A goroutine blocks for BLOCK_MS in ordinary C code; another, which
 * became ready to run just before, counts meanwhile.  A scene is played a number of
 * times, in turns with undisturbed runs that it is compared with, because the machine
 * below may be busy and its speed change; what counts is the median.
 */
#ifndef SCENES_H
#define SCENES_H

enum scene {
	SCENE_PIPE,
	SCENE_FAULT,
	SCENE_MUTEX,
	SCENE_NANOSLEEP,
	SCENE_FLOCK,
	SCENE_LOOP,
	NR_SCENES,
};

extern const char *const scene_names[NR_SCENES];

/*
 * Play all scenes in this process and print, a line each,
 *
 *	scene NUMBER STALL_NS PERMILLE BASE_NS
 *					longest stall, progress, and the longest stall
 *					of an undisturbed run; or '-' for all of them
 *	look TEXT			a line of what debugfs shows in the first one
 *
 * Returns an exit status.
 */
int scenes_main(void);

#endif /* SCENES_H */

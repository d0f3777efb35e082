/* SPDX-License-Identifier: MIT */
/*
 * The scenes of the showcase.
 *
 * One processor.  A goroutine blocks for BLOCK_MS in ordinary C code; another, which
 * became ready to run just before, counts meanwhile.  A scene is played a few times
 * and judged by the median.
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
 *	base STALL_NS			longest stall of an undisturbed run
 *	scene NUMBER STALL_NS PERMILLE	longest stall, progress; or '-' for both
 *	look TEXT			a line of what debugfs shows in the first one
 *
 * Returns an exit status.
 */
int scenes_main(void);

#endif /* SCENES_H */

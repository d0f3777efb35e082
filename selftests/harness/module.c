// SPDX-License-Identifier: GPL-2.0
/*
 * The module itself: unload it, load it again, set its parameters.
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "harness.h"

/*
 * QEMU 7.2 can let an emulated processor run into a breakpoint that another has
 * already taken out again ("Oops: int3"), when a static key is flipped, as loading
 * and unloading do.  With one processor online there is nobody to run into it.
 */
static void set_other_cpus(const char *online)
{
	char path[64];
	int fd;

	for (int cpu = 1;; cpu++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		CHECK_EQ(write(fd, online, 1), 1);
		CHECK_SYS(close(fd));
	}
}

int module_unload(void)
{
	int err;

	set_other_cpus("0");
	err = syscall(SYS_delete_module, "gosched", O_NONBLOCK) ? -errno : 0;
	set_other_cpus("1");
	return err;
}

/* Where scripts/vm puts it; $GOSCHED_MODULE names another place. */
static int module_open(void)
{
	const char *path = getenv("GOSCHED_MODULE");
	int fd = open(path ? path : "/gosched/kmod/gosched.ko", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		check_failed(__FILE__, __LINE__, "gosched.ko: %m ($GOSCHED_MODULE names it)");
	return fd;
}

void module_load(void)
{
	int fd = module_open();

	set_other_cpus("0");
	CHECK_SYS(syscall(SYS_finit_module, fd, "", 0));
	set_other_cpus("1");
	CHECK_SYS(close(fd));
}

void module_set(const char *parameter, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), MODULE_PARAMETERS "/%s", parameter);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		check_failed(__FILE__, __LINE__, "%s: %m", path);
	CHECK_EQ(write(fd, value, strlen(value)), strlen(value));
	CHECK_SYS(close(fd));
}

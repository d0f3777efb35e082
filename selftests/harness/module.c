// SPDX-License-Identifier: GPL-2.0
/*
 * The module itself: unload it, load it again, set its parameters.
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "harness.h"

int module_unload(void)
{
	return syscall(SYS_delete_module, "gosched", O_NONBLOCK) ? -errno : 0;
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

	CHECK_SYS(syscall(SYS_finit_module, fd, "", 0));
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

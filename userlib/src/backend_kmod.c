// SPDX-License-Identifier: MIT
/*
 * The module as the backends see it: one open file of /dev/gosched, its shared slots,
 * and a command for each thing to be done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "backend_kmod.h"
#include "sched/types.h"

struct go_kmod *go_kmod_now;
__thread struct go_kmod *go_kmod_mine;

int64_t go_kmod_time_left(int64_t deadline)
{
	struct timespec now;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = deadline - (now.tv_sec * 1000000000LL + now.tv_nsec);
	return ns > 0 ? ns : 0;
}

static int command(int fd, unsigned long number, void *arg)
{
	return ioctl(fd, number, arg) < 0 ? -errno : 0;
}

int go_kmod_plain(const struct go_kmod *k, unsigned long number, uint32_t flags)
{
	struct gosched_plain arg = { .size = sizeof(arg), .flags = flags };

	return command(k->fd, number, &arg);
}

static void put(struct go_kmod *k)
{
	if (atomic_fetch_sub(&k->users, 1) > 1)
		return;
	if (k->header)
		munmap(k->header, k->map_size);
	close(k->fd);
	free(k);
}

static int open_device(const char **why)
{
	int fd = open(GOSCHED_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		*why = "there is no " GOSCHED_DEVICE;
		return -ENODEV;
	case EACCES:
	case EPERM:
		*why = "no permission to open " GOSCHED_DEVICE;
		return -ENODEV;
	default:
		return -errno;
	}
}

static int check_features(int fd, uint64_t features, const char **why)
{
	struct gosched_features arg = { .size = sizeof(arg) };
	int ret = command(fd, GOSCHED_IOC_FEATURES, &arg);

	if (ret)
		return ret;
	if ((arg.features & features) == features)
		return 0;
	*why = "the module that is loaded lacks something that it needs";
	return -ENODEV;
}

static int set_up(struct go_kmod *k, const struct go_backend_config *config)
{
	struct gosched_setup arg = {
		.size = sizeof(arg),
		.nr_procs = config->nr_procs,
		.max_procs = config->max_procs,
		.max_machines = config->max_machines,
		.slice_ns = config->slice_ns,
	};
	int ret = command(k->fd, GOSCHED_IOC_SETUP, &arg);
	void *map;

	if (ret)
		return ret;
	map = mmap(NULL, arg.map_size, PROT_READ | PROT_WRITE, MAP_SHARED, k->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	k->header = map;
	k->map_size = arg.map_size;
	return 0;
}

int go_kmod_open(struct go_backend_config *config, uint64_t features)
{
	struct go_kmod *k;
	int fd, ret;

	fd = open_device(&config->why);
	if (fd < 0)
		return fd;
	k = calloc(1, sizeof(*k));
	if (!k) {
		close(fd);
		return -ENOMEM;
	}
	k->fd = fd;
	atomic_init(&k->users, 1);
	atomic_init(&k->poller_fd, -1);
	ret = check_features(fd, features, &config->why);
	if (!ret)
		ret = set_up(k, config);
	if (ret) {
		put(k);
		return ret;
	}
	go_kmod_now = k;
	config->header = k->header;
	return 0;
}

void go_kmod_close(void)
{
	put(go_kmod_now);
	go_kmod_now = NULL;
}

int go_kmod_attach(struct go_m *m, void *retire_ip, void *retire_sp)
{
	struct gosched_register arg = {
		.size = sizeof(arg),
		.retire_ip = (uintptr_t)retire_ip,
		.retire_sp = (uintptr_t)retire_sp,
	};
	int ret = command(go_kmod_now->fd, GOSCHED_IOC_REGISTER, &arg);
	char *slots;

	if (ret)
		return ret;
	atomic_fetch_add(&go_kmod_now->users, 1);
	go_kmod_mine = go_kmod_now;
	slots = (char *)go_kmod_now->header + go_kmod_now->header->mslot_offset;
	m->slot = (struct gosched_mslot *)slots + arg.machine;
	return 0;
}

void go_kmod_detach(struct go_m *m)
{
	struct go_kmod *k = go_kmod_mine;

	m->slot = NULL;
	go_kmod_plain(k, GOSCHED_IOC_UNREGISTER, 0);
	go_kmod_mine = NULL;
	put(k);
}

int go_kmod_held(const struct go_m *m)
{
	return __atomic_load_n(&m->slot->proc, __ATOMIC_RELAXED) == GOSCHED_NO_PROC ?
		-ESHUTDOWN : 0;
}

int go_kmod_yield(struct go_m *m)
{
	int ret = go_kmod_plain(go_kmod_mine, GOSCHED_IOC_YIELD, 0);

	return ret ? ret : go_kmod_held(m);
}

int go_kmod_ring(void)
{
	return go_kmod_plain(go_kmod_now, GOSCHED_IOC_RING, 0);
}

int go_kmod_set_procs(unsigned int nr_procs)
{
	struct gosched_procs arg = { .size = sizeof(arg), .nr_procs = nr_procs };

	return command(go_kmod_now->fd, GOSCHED_IOC_PROCS, &arg);
}

void go_kmod_shutdown(bool retire)
{
	go_kmod_plain(go_kmod_now, GOSCHED_IOC_SHUTDOWN, retire ? GOSCHED_SHUTDOWN_RETIRE : 0);
	atomic_store(&go_kmod_now->down, true);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A domain: commands, shared slots, and what debugfs shows of it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "harness.h"

int gosched_open(void)
{
	int fd = open(GOSCHED_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int gosched_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

int gosched_plain(int fd, unsigned long cmd)
{
	struct gosched_plain arg = { .size = sizeof(arg) };

	return gosched_ioctl(fd, cmd, &arg);
}

void domain_open_setup(struct domain *d, struct gosched_setup *setup)
{
	d->fd = gosched_open();
	if (d->fd < 0)
		check_failed(__FILE__, __LINE__, GOSCHED_DEVICE ": %s", strerror(-d->fd));
	CHECK_EQ(gosched_ioctl(d->fd, GOSCHED_IOC_SETUP, setup), 0);
	d->map_size = setup->map_size;
	d->header = mmap(NULL, d->map_size, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0);
	CHECK(d->header != MAP_FAILED);
}

void domain_open(struct domain *d, unsigned int nr_procs, unsigned int max_procs,
		 uint64_t slice_ns)
{
	struct gosched_setup setup = {
		.size = sizeof(setup),
		.nr_procs = nr_procs,
		.max_procs = max_procs,
		.max_machines = 16,
		.slice_ns = slice_ns,
	};

	domain_open_setup(d, &setup);
}

void domain_close(struct domain *d)
{
	CHECK_SYS(munmap(d->header, d->map_size));
	CHECK_SYS(close(d->fd));
	d->header = NULL;
}

struct gosched_pslot *domain_pslot(const struct domain *d, unsigned int proc)
{
	return (struct gosched_pslot *)((char *)d->header + d->header->pslot_offset) + proc;
}

struct gosched_mslot *domain_mslot(const struct domain *d, unsigned int machine)
{
	return (struct gosched_mslot *)((char *)d->header + d->header->mslot_offset) + machine;
}

int domain_ring(const struct domain *d)
{
	return gosched_plain(d->fd, GOSCHED_IOC_RING);
}

int domain_procs(const struct domain *d, unsigned int nr_procs)
{
	struct gosched_procs arg = { .size = sizeof(arg), .nr_procs = nr_procs };
	int err = gosched_ioctl(d->fd, GOSCHED_IOC_PROCS, &arg);

	return err ? err : (int)arg.nr_procs;
}

static DIR *debugfs_open(void)
{
	DIR *dir = opendir(DEBUGFS_ROOT);

	if (dir)
		return dir;
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	dir = opendir(DEBUGFS_ROOT);
	if (!dir)
		check_failed(__FILE__, __LINE__, DEBUGFS_ROOT ": %m");
	return dir;
}

bool domain_folder(pid_t tgid, char *path, size_t size)
{
	DIR *dir = debugfs_open();
	struct dirent *entry;
	bool found = false;
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%d-", tgid);
	while (!found && (entry = readdir(dir))) {
		found = !strncmp(entry->d_name, prefix, strlen(prefix));
		if (found && path)
			snprintf(path, size, DEBUGFS_ROOT "/%s", entry->d_name);
	}
	closedir(dir);
	return found;
}

bool domain_read(pid_t tgid, const char *file, char *text, size_t size)
{
	char path[512];
	size_t len = 0;
	ssize_t n;
	int fd;

	if (!domain_folder(tgid, path, sizeof(path) - 32))
		return false;
	strcat(strcat(path, "/"), file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += n;
	text[len] = '\0';
	close(fd);
	return true;
}

uint64_t domain_counter(pid_t tgid, const char *name)
{
	char text[4096], *line, *save;
	size_t len = strlen(name);

	if (!domain_read(tgid, "counters", text, sizeof(text)))
		check_failed(__FILE__, __LINE__, "no counters of process %d", tgid);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, name, len) && (line[len] == ' ' || line[len] == '\t'))
			return strtoull(line + len, NULL, 10);
	check_failed(__FILE__, __LINE__, "no counter %s", name);
}

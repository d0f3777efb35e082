// SPDX-License-Identifier: GPL-2.0
/*
 * The first process of a test guest: mounts what programs expect, loads the
 * module, runs one command, and reports on the console how that ended.
 *
 * scripts/vm writes /etc/vm/command (the argument vector, each word ended by a
 * NUL) and /etc/vm/token (a word no other output contains), and reads these
 * lines from the console:
 *
 *	TOKEN start		the command runs from here on
 *	TOKEN failed WHY	it could not be run at all
 *	TOKEN exit STATUS TAINT	it ended; what /proc/sys/kernel/tainted says then
 *
 * STATUS is as a shell would give it: 128 and the signal's number for a kill.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MODULE		"/gosched/kmod/gosched.ko"
#define MAX_ARGS	1024
#define MAX_COMMAND	(128 << 10)

/* Commands of syslog(2) for which libc has no names. */
#define SYSLOG_CONSOLE_OFF	6
#define SYSLOG_CONSOLE_ON	7

static char token[64];

/* The line is written in one piece and has left the machine afterwards. */
static void report(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	n = snprintf(line, sizeof(line), "%s ", token);
	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';

	/* No kernel message may come in between. */
	klogctl(SYSLOG_CONSOLE_OFF, NULL, 0);
	tcdrain(STDOUT_FILENO);
	if (write(STDOUT_FILENO, line, n) != n)
		abort();
	tcdrain(STDOUT_FILENO);
	klogctl(SYSLOG_CONSOLE_ON, NULL, 0);
}

/* The runner ends the machine when it has read the line; until then, wait. */
static void halt_guest(void)
{
	sync();
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void fail(const char *what)
{
	report("failed %s: %s", what, strerror(errno));
	halt_guest();
}

static void mount_one(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		fail(where);
}

static void mount_all(void)
{
	mount_one("devtmpfs", "/dev");
	mount_one("proc", "/proc");
	mount_one("sysfs", "/sys");
	mount_one("debugfs", "/sys/kernel/debug");
	mount_one("tmpfs", "/tmp");
	mount_one("cgroup2", "/sys/fs/cgroup");
	/* Shared memory and pseudo terminals are where programs look for them. */
	mkdir("/dev/shm", 01777);
	mount_one("tmpfs", "/dev/shm");
	mount_one("devpts", "/dev/pts");
	chmod("/tmp", 01777);
	chmod("/dev/shm", 01777);
}

static void open_console(void)
{
	struct termios t;
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		_exit(1);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	if (fd > STDIN_FILENO) {
		dup2(fd, STDIN_FILENO);
		close(fd);
	}
	/* The command's output arrives byte for byte. */
	if (!tcgetattr(STDOUT_FILENO, &t)) {
		t.c_oflag &= ~OPOST;
		tcsetattr(STDOUT_FILENO, TCSANOW, &t);
	}
}

static void loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr))
		fail("loopback");
	close(fd);
}

/*
 * Loading and unloading flips a static key in the scheduler's code.  When each
 * processor is emulated by a thread of its own, QEMU 7.2 can let one run into a
 * breakpoint that another has already taken out again: "Oops: int3", without any
 * module too, when a static key is flipped beside a busy processor.  With one
 * processor online there is nobody to run into it.
 */
static void set_other_cpus(const char *online)
{
	char path[64];
	int cpu, fd;

	for (cpu = 1;; cpu++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		if (write(fd, online, 1) != 1)
			fail(path);
		close(fd);
	}
}

static void load_module(void)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		if (errno == ENOENT)
			return;
		fail(MODULE);
	}
	set_other_cpus("0");
	if (syscall(SYS_finit_module, fd, "", 0))
		fail("insmod gosched.ko");
	set_other_cpus("1");
	close(fd);
}

static ssize_t read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = read(fd, buf + have, size - 1 - have)) > 0)
		have += n;
	close(fd);
	if (n < 0)
		return -1;
	buf[have] = '\0';
	return have;
}

static void read_command(char **argv)
{
	static char words[MAX_COMMAND];
	ssize_t size = read_file("/etc/vm/command", words, sizeof(words));
	char *p = words;
	int n = 0;

	if (size <= 0)
		fail("/etc/vm/command");
	while (p < words + size && n < MAX_ARGS - 1) {
		argv[n++] = p;
		p += strlen(p) + 1;
	}
	argv[n] = NULL;
}

static pid_t start_command(char **argv)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid)
		return pid;
	setsid();
	if (chdir("/gosched"))
		_exit(126);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Children that lost their parents are reaped on the way. */
static int wait_for(pid_t pid)
{
	int status;

	for (;;) {
		pid_t got = wait(&status);

		if (got == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (got < 0 && errno != EINTR)
			fail("wait");
	}
}

/*
 * Nothing of the command may stay: what it left running is killed, and the
 * module has to go.  EAGAIN and EBUSY pass when the kernel has torn down the
 * last ring, which it does in its own time.
 */
static void unload_module(void)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	int tries = 500;

	kill(-1, SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	set_other_cpus("0");
	while (syscall(SYS_delete_module, "gosched", O_NONBLOCK)) {
		if (errno == ENOENT)
			return;
		if ((errno != EAGAIN && errno != EBUSY && errno != EWOULDBLOCK) || !tries--)
			fail("rmmod gosched after the command");
		nanosleep(&pause, NULL);
	}
}

int main(void)
{
	const struct rlimit files = { 65536, 65536 };
	char *argv[MAX_ARGS], taint[32];
	int status;

	read_file("/etc/vm/token", token, sizeof(token));
	token[strcspn(token, "\n")] = '\0';
	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	open_console();
	mount_all();
	loopback_up();
	setrlimit(RLIMIT_NOFILE, &files);
	setenv("PATH", "/gosched/bin:/gosched/selftests:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LD_LIBRARY_PATH", "/gosched/lib", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "dumb", 1);
	read_command(argv);

	report("start");
	load_module();
	status = wait_for(start_command(argv));
	unload_module();
	if (read_file("/proc/sys/kernel/tainted", taint, sizeof(taint)) < 0)
		fail("/proc/sys/kernel/tainted");
	report("exit %d %d", status, atoi(taint));
	halt_guest();
}

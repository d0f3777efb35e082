// SPDX-License-Identifier: MIT
/*
 * go_read() and go_write() on files that have a position.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ktap.h"

/* A file of our own, without a name. */
static int temporary_file(void)
{
	char name[] = "/tmp/io_file_test.XXXXXX";
	int fd = mkstemp(name);

	CHECK(fd >= 0);
	CHECK_EQ(unlink(name), 0);
	return fd;
}

static void what_is_written_is_read(void)
{
	int fd = temporary_file();
	char buf[16] = "";

	CHECK_EQ(go_write(fd, "hello, file", 11), 11);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(go_read(fd, buf, sizeof(buf)), 11);
	CHECK(!strcmp(buf, "hello, file"));
	CHECK_EQ(go_read(fd, buf, sizeof(buf)), 0);
	CHECK_EQ(go_close(fd), 0);
}

static void the_position_moves(void)
{
	int fd = temporary_file();
	char c;

	CHECK_EQ(go_write(fd, "abc", 3), 3);
	CHECK_EQ(go_write(fd, "def", 3), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
	CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
	CHECK_EQ(go_read(fd, &c, 1), 1);
	CHECK_EQ(c, 'c');
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
}

static void append_appends(void)
{
	int fd = temporary_file();
	char buf[8] = "";

	CHECK_EQ(go_write(fd, "abc", 3), 3);
	CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(go_write(fd, "def", 3), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(go_read(fd, buf, sizeof(buf)), 6);
	CHECK(!strcmp(buf, "abcdef"));
}

static void a_directory_is_eisdir(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);
	char c;

	CHECK(fd >= 0);
	CHECK_EQ(go_read(fd, &c, 1), -EISDIR);
}

enum { LINE = 16, LINES = 100, WRITERS = 20 };

static void write_lines(int fd, int number, go_waitgroup *wg)
{
	char line[LINE + 1];
	int i;

	for (i = 0; i < LINES; i++) {
		snprintf(line, sizeof(line), "%7d %7d\n", number, i);
		CHECK_EQ(go_write(fd, line, LINE), LINE);
	}
	go_waitgroup_done(wg);
}

/* As with write(): no two writes end up in the same place. */
static void writers_share_the_position(void)
{
	static char seen[WRITERS][LINES];
	int fd = temporary_file(), i, writer, number;
	go_waitgroup wg = {};
	char line[LINE + 1] = "";

	go_maxprocs(4);
	go_waitgroup_add(&wg, WRITERS);
	for (i = 0; i < WRITERS; i++)
		go(write_lines, fd, i, &wg);
	go_waitgroup_wait(&wg);

	CHECK_EQ(lseek(fd, 0, SEEK_CUR), WRITERS * LINES * LINE);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	for (i = 0; i < WRITERS * LINES; i++) {
		CHECK_EQ(go_read(fd, line, LINE), LINE);
		CHECK_EQ(sscanf(line, "%d %d", &writer, &number), 2);
		CHECK(writer >= 0 && writer < WRITERS && number >= 0 && number < LINES);
		CHECK(!seen[writer][number]);
		seen[writer][number] = 1;
	}
}

static void read_lines(int fd, go_chan *sum)
{
	char line[LINE + 1] = "";
	int writer, number, n = 0;

	while (go_read(fd, line, LINE) == LINE) {
		CHECK_EQ(sscanf(line, "%d %d", &writer, &number), 2);
		n += number;
	}
	go_send(sum, n);
}

static void readers_share_the_position(void)
{
	go_chan *sum = go_chan_make(sizeof(int), 0);
	int fd = temporary_file(), i, n, all = 0;
	go_waitgroup wg = {};

	go_maxprocs(4);
	go_waitgroup_add(&wg, 1);
	write_lines(fd, 0, &wg);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	for (i = 0; i < 8; i++)
		go(read_lines, fd, sum);
	for (i = 0; i < 8; i++) {
		go_recv(sum, &n);
		all += n;
	}
	CHECK_EQ(all, LINES * (LINES - 1) / 2);
}

static void read_count(int fd, go_chan *result)
{
	uint64_t count = 0;

	CHECK_EQ(go_read(fd, &count, sizeof(count)), sizeof(count));
	go_send(result, count);
}

/* It can be sought in, says the kernel, but a reader must not hold off the writer. */
static void an_eventfd_has_no_position(void)
{
	go_chan *result = go_chan_make(sizeof(uint64_t), 0);
	uint64_t count = 3;
	int fd = eventfd(0, 0), i;

	for (i = 0; i < 100; i++) {
		go(read_count, fd, result);
		go_yield();
		CHECK_EQ(go_write(fd, &count, sizeof(count)), sizeof(count));
		go_recv(result, &count);
		CHECK_EQ(count, 3);
	}
}

static void a_megabyte(void)
{
	enum { N = 1 << 20 };
	static unsigned char out[N], in[N];
	int fd = temporary_file(), i;

	for (i = 0; i < N; i++)
		out[i] = (unsigned char)(i * 2654435761U >> 24);
	CHECK_EQ(go_write(fd, out, N), N);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(go_read(fd, in, N), N);
	CHECK(!memcmp(in, out, N));
}

static const struct ktap_case cases[] = {
	KTAP_GO(what_is_written_is_read),
	KTAP_GO(the_position_moves),
	KTAP_GO(append_appends),
	KTAP_GO(a_directory_is_eisdir),
	KTAP_GO(writers_share_the_position),
	KTAP_GO(readers_share_the_position),
	KTAP_GO(an_eventfd_has_no_position),
	KTAP_GO(a_megabyte),
};

KTAP_MAIN(cases)

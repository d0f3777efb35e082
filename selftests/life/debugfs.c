// SPDX-License-Identifier: GPL-2.0
/*
 * What debugfs shows of a domain.
 */
#include "cast.h"
#include "kselftest_harness.h"

#define MAX_ROWS 32

/* A table: a header line and rows of words. */
struct table {
	char text[8192];
	char *rows[MAX_ROWS];
	int nr;
};

static void table_read(struct table *t, pid_t tgid, const char *file, const char *header)
{
	char *line, *save, *word, words[256] = "";

	CHECK(domain_read(tgid, file, t->text, sizeof(t->text)));
	line = strtok_r(t->text, "\n", &save);
	CHECK(line);
	for (word = strtok(line, " \t"); word; word = strtok(NULL, " \t"))
		strcat(strcat(words, *words ? " " : ""), word);
	if (strcmp(words, header))
		check_failed(__FILE__, __LINE__, "%s begins with '%s', not '%s'", file, words,
			     header);
	t->nr = 0;
	while ((line = strtok_r(NULL, "\n", &save))) {
		CHECK(t->nr < MAX_ROWS);
		t->rows[t->nr++] = line;
	}
}

/* Word @column of the row whose word @key is @value; "" when there is none. */
static const char *table_find(struct table *t, int key, const char *value, int column)
{
	static char words[8][64];

	for (int i = 0; i < t->nr; i++) {
		memset(words, 0, sizeof(words));
		sscanf(t->rows[i], "%63s %63s %63s %63s %63s %63s %63s %63s", words[0], words[1],
		       words[2], words[3], words[4], words[5], words[6], words[7]);
		if (!strcmp(words[key], value))
			return words[column];
	}
	return "";
}

/* As decimal text, in one of a few buffers. */
static const char *number(long n)
{
	static char text[4][24];
	static int next;

	next = (next + 1) % 4;
	snprintf(text[next], sizeof(text[next]), "%ld", n);
	return text[next];
}

TEST(folder_comes_and_goes_with_the_domain)
{
	struct domain d;

	EXPECT_FALSE(domain_folder(getpid(), NULL, 0));
	domain_open(&d, 1, 1, 0);
	EXPECT_TRUE(domain_folder(getpid(), NULL, 0));
	domain_close(&d);
	until(!domain_folder(getpid(), NULL, 0));
}

TEST(two_domains_of_one_process)
{
	struct domain a, b;

	domain_open(&a, 1, 1, 0);
	domain_open(&b, 1, 1, 0);
	domain_close(&a);
	EXPECT_TRUE(domain_folder(getpid(), NULL, 0));
	domain_close(&b);
	until(!domain_folder(getpid(), NULL, 0));
}

TEST(machines)
{
	static const char header[] = "machine tid state proc goroutine";
	struct cast c = { 0 };
	struct machine *all[] = { &c.holder, &c.trapped, &c.blocked, &c.spare, &c.by_ring };
	static const char *const states[] = { "running", "waiting", "blocked", "spare", "spare" };
	struct table t;

	cast_start(&c);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		store(&all[i]->slot->goroutine, 100 + i);
	table_read(&t, getpid(), "machines", header);
	EXPECT_EQ(5, t.nr);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		EXPECT_STREQ(states[i], table_find(&t, 1, number(all[i]->tid), 2));
		EXPECT_STREQ(number(all[i]->id), table_find(&t, 1, number(all[i]->tid), 0));
		EXPECT_STREQ(i ? "-1" : "0", table_find(&t, 1, number(all[i]->tid), 3));
		EXPECT_STREQ(number(100 + i), table_find(&t, 1, number(all[i]->tid), 4));
	}
}

TEST(procs)
{
	static const char header[] = "proc state machine goroutine runnable";
	struct cast c = { 0 };
	struct table t;

	cast_start(&c);
	store(&c.holder.slot->goroutine, 77);
	store(&domain_pslot(&c.d, 0)->runnable, 5);
	table_read(&t, getpid(), "procs", header);
	EXPECT_EQ(1, t.nr);
	EXPECT_STREQ("running", table_find(&t, 0, "0", 1));
	EXPECT_STREQ(number(c.holder.id), table_find(&t, 0, "0", 2));
	EXPECT_STREQ("77", table_find(&t, 0, "0", 3));
	EXPECT_STREQ("5", table_find(&t, 0, "0", 4));
}

TEST(idle_procs)
{
	static const char header[] = "proc state machine goroutine runnable";
	struct domain d;
	struct table t;

	domain_open(&d, 2, 3, 0);
	table_read(&t, getpid(), "procs", header);
	EXPECT_STREQ("idle", table_find(&t, 0, "0", 1));
	EXPECT_STREQ("idle", table_find(&t, 0, "1", 1));
	EXPECT_STREQ("-1", table_find(&t, 0, "0", 2));
	EXPECT_STREQ("unused", table_find(&t, 0, "2", 1));
}

/* Each counter moves when what it counts happens, by as much. */
TEST(counters)
{
	pid_t me = getpid();
	struct cast c = { 0 };
	uint64_t rings, yields, returns;

	cast_start(&c);
	rings = domain_counter(me, "rings");
	yields = domain_counter(me, "yields");
	returns = domain_counter(me, "returns");
	EXPECT_EQ(3, rings);
	EXPECT_EQ(2, domain_counter(me, "blocks"));
	EXPECT_EQ(2, domain_counter(me, "handoffs") + domain_counter(me, "kept"));
	EXPECT_EQ(1, returns);
	EXPECT_LE(1, domain_counter(me, "traps"));
	EXPECT_EQ(0, yields);
	EXPECT_EQ(0, domain_counter(me, "preemptions"));

	ASSERT_EQ(1, write(c.blocked_pipe[1], "x", 1));
	until(load(&c.d.header->waiting) == 2);
	EXPECT_EQ(2, domain_counter(me, "returns"));
	EXPECT_EQ(2, domain_counter(me, "blocks"));
}

static void block_alone(struct machine *m)
{
	int *pipes = m->arg;
	char byte;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	CHECK_EQ(read(pipes[0], &byte, 1), 1);
	machine_step(m, 2);
}

/* Work and an idle P, and nobody to bring them together: that is lost time. */
TEST(idle_with_work)
{
	pid_t me = getpid();
	struct machine m;
	struct domain d;
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	domain_open(&d, 1, 1, NO_SLICE);
	machine_start_holding(&m, &d, block_alone, pipes);
	EXPECT_EQ(0, domain_counter(me, "idle_with_work_ns"));
	store(&d.header->runnable, 1);
	/* Blocks again for the kernel to see the work. */
	ASSERT_EQ(1, write(pipes[1], "x", 1));
	until(machine_at(&m) == 2);
	machine_join(&m);
	machine_start(&m, &d, block_alone, pipes);
	until(load(&d.header->idle) == 1);
	ASSERT_EQ(1, write(pipes[1], "x", 1));
	until(machine_at(&m) == 2);
	machine_join(&m);
	EXPECT_LT(0, domain_counter(me, "idle_with_work_ns"));
}

GOSCHED_TEST_MAIN

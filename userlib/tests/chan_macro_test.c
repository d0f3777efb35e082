// SPDX-License-Identifier: MIT
/*
 * go_send, go_recv and go_range: types, conversions, behaviour as statements.
 */
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>

#include "ktap.h"

/* Send @value through a channel of @type and compare what arrives with @want. */
#define THROUGH(type, value, want) do { \
	go_chan *through_ch = go_chan_make(sizeof(type), 1); \
	type through_got; \
	memset(&through_got, 0x5a, sizeof(through_got)); \
	go_send(through_ch, value); \
	CHECK(go_recv(through_ch, &through_got)); \
	CHECK(through_got == (want)); \
	go_chan_free(through_ch); \
} while (0)

enum color { RED = 3, GREEN = 4 };
enum sign { MINUS = -1, PLUS = 1 };
enum __attribute__((packed)) tiny { TINY_MINUS = -3, TINY = 3 };

struct bits {
	unsigned int three:3;
	signed int five:5;
	unsigned long forty:40;
	_Bool flag:1;
};

static void signed_integers_extend(void)
{
	signed char c = -5;
	short s = -300;
	int i = -70000;

	THROUGH(int64_t, c, -5);
	THROUGH(int64_t, s, -300);
	THROUGH(int64_t, i, -70000);
	THROUGH(int64_t, -1, -1);
	THROUGH(int64_t, INT_MIN, INT_MIN);
	THROUGH(int64_t, (char)-1, -1);
	THROUGH(uint64_t, -1, UINT64_MAX);
	THROUGH(int, s, -300);
	THROUGH(short, c, -5);
	THROUGH(__int128, -7, -7);
	THROUGH(__int128, INT64_MIN, INT64_MIN);
}

static void unsigned_integers_extend(void)
{
	unsigned char c = 200;
	unsigned short s = 60000;
	unsigned int i = 4000000000U;

	THROUGH(int64_t, c, 200);
	THROUGH(int64_t, s, 60000);
	THROUGH(int64_t, i, 4000000000LL);
	THROUGH(uint64_t, 0x80000000U, 0x80000000ULL);
	THROUGH(int, c, 200);
	THROUGH(int, s, 60000);
	THROUGH(unsigned __int128, UINT64_MAX, UINT64_MAX);
	THROUGH(unsigned __int128, (unsigned __int128)1 << 100, (unsigned __int128)1 << 100);
}

static void integers_truncate(void)
{
	THROUGH(unsigned char, 300, 44);
	THROUGH(signed char, -2, -2);
	THROUGH(char, 'x', 'x');
	THROUGH(unsigned short, -1, 65535);
	THROUGH(short, 70000L, 4464);
	THROUGH(int, INT64_MAX, -1);
	THROUGH(unsigned int, -1L, UINT_MAX);
	THROUGH(int, (__int128)1 << 64 | 9, 9);
}

static void other_integer_types(void)
{
	struct bits bits = { 7, -9, 1UL << 39, 1 };
	const int constant = 11;
	volatile int fickle = 12;
	enum color color = GREEN;
	enum sign sign = MINUS;
	enum tiny tiny = TINY_MINUS;
	_Bool yes = 1;

	THROUGH(int, color, GREEN);
	THROUGH(enum color, RED, RED);
	THROUGH(int64_t, color, 4);
	THROUGH(int64_t, sign, -1);
	THROUGH(int64_t, tiny, -3);
	THROUGH(enum tiny, TINY, TINY);
	THROUGH(_Bool, yes, 1);
	THROUGH(_Bool, true, 1);
	THROUGH(_Bool, false, 0);
	THROUGH(int64_t, yes, 1);
	THROUGH(int, 3 > 2, 1);
	THROUGH(int64_t, bits.three, 7);
	THROUGH(int64_t, bits.five, -9);
	THROUGH(int64_t, bits.forty, 1LL << 39);
	THROUGH(int, bits.flag, 1);
	THROUGH(int64_t, constant, 11);
	THROUGH(int64_t, fickle, 12);
	THROUGH(size_t, sizeof(int), 4);
}

static void twice(int *x)
{
	*x *= 2;
}

static void other_types(void)
{
	struct point { int x, y, z; } point = { 1, 2, 3 }, got;
	const struct point fixed = { 4, 5, 6 };
	union { int i; char c[12]; } number = { 7 };
	go_chan *points = go_chan_make(sizeof(struct point), 1);
	go_chan *strings = go_chan_make(sizeof(char *), 1);
	char array[] = "array";
	const char *s;

	THROUGH(double, 1.5, 1.5);
	THROUGH(float, 1.5f, 1.5f);
	THROUGH(long double, 1.5L, 1.5L);
	THROUGH(double, (double)3, 3.0);
	THROUGH(int *, &point.y, &point.y);
	THROUGH(void *, NULL, NULL);
	THROUGH(void *, 0, NULL);
	THROUGH(char *, array, array);
	THROUGH(__typeof__(&twice), twice, twice);

	go_send(points, point);
	CHECK(go_recv(points, &got));
	CHECK(got.x == 1 && got.y == 2 && got.z == 3);
	go_send(points, fixed);
	CHECK(go_recv(points, &got));
	CHECK(got.x == 4 && got.y == 5 && got.z == 6);
	go_send(points, (struct point){ 7, 8, 9 });
	CHECK(go_recv(points, &got));
	CHECK(got.x == 7 && got.y == 8 && got.z == 9);
	go_send(points, number);
	CHECK(go_recv(points, &got));
	CHECK(got.x == 7);
	go_send(strings, "literal");
	CHECK(go_recv(strings, &s));
	CHECK(!strcmp(s, "literal"));
	go_chan_free(points);
	go_chan_free(strings);
}

/* A literal whose address is sent lives as long as it would without the macro. */
static void address_of_literal(void)
{
	struct pair { int a, b; } *got, *other;
	go_chan *ch = go_chan_make(sizeof(struct pair *), 2);

	go_send(ch, &(struct pair){ 1, 2 });
	go_send(ch, &(struct pair){ 3, 4 });
	CHECK(go_recv(ch, &got));
	CHECK(go_recv(ch, &other));
	CHECK(got->a == 1 && got->b == 2);
	CHECK(other->a == 3 && other->b == 4);
	go_chan_free(ch);
}

static int evaluations;

static go_chan *count_channel(go_chan *ch)
{
	evaluations++;
	return ch;
}

static int count_value(int v)
{
	evaluations++;
	return v;
}

static int *count_pointer(int *p)
{
	evaluations++;
	return p;
}

static void operands_evaluate_once(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 4);
	int i = 5, v;

	go_send(count_channel(ch), count_value(1));
	CHECK_EQ(evaluations, 2);
	go_recv(count_channel(ch), count_pointer(&v));
	CHECK_EQ(evaluations, 4);
	CHECK_EQ(v, 1);
	go_send(ch, i++);
	CHECK_EQ(i, 6);
	go_send(ch, ({ int twice_i = i * 2; twice_i; }));
	go_recv(ch, &v);
	CHECK_EQ(v, 5);
	/* One inside the other: pass on what is received. */
	go_send(ch, (go_recv(ch, &v), v + 1));
	go_recv(ch, &v);
	CHECK_EQ(v, 13);
	go_send(ch, 8);
	go_chan_close(ch);
	evaluations = 0;
	go_range(v, count_channel(ch))
		CHECK_EQ(v, 8);
	CHECK_EQ(evaluations, 1);
	go_chan_free(ch);
}

static go_chan *numbers(int n)
{
	go_chan *ch = go_chan_make(sizeof(int), (size_t)n);
	int i;

	for (i = 1; i <= n; i++)
		go_send(ch, i);
	go_chan_close(ch);
	return ch;
}

static void range_takes_all(void)
{
	int v = 0, sum = 0;

	go_range(v, numbers(4)) {
		sum += v;
	}
	CHECK_EQ(sum, 10);
	CHECK_EQ(v, 4);
	v = 77;
	go_range(v, numbers(0))
		CHECK(!"a closed and empty channel has no elements");
	CHECK_EQ(v, 77);
}

static void range_breaks_and_continues(void)
{
	go_chan *ch = numbers(9);
	int v, sum = 0;

	go_range(v, ch) {
		if (v % 2)
			continue;
		if (v > 6)
			break;
		sum += v;
	}
	CHECK_EQ(sum, 2 + 4 + 6);
	CHECK_EQ(v, 8);
	CHECK_EQ(go_chan_len(ch), 1);
}

static void range_nests(void)
{
	int v, w, sum = 0;

	go_range(v, numbers(3))
		go_range(w, numbers(v)) {
			if (w == 3)
				break;
			sum += w;
		}
	CHECK_EQ(sum, 1 + (1 + 2) + (1 + 2));
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdangling-else"

/* The else below belongs to the inner if, as with while. */
static void range_leaves_else_alone(void)
{
	int v, odd = 0, even = 0, outer = 0;

	if (outer)
		go_range(v, numbers(5))
			CHECK(!"not reached");
	else
		outer = 1;
	CHECK_EQ(outer, 1);
	if (outer)
		go_range(v, numbers(5))
			if (v % 2)
				odd++;
			else
				even++;
	CHECK_EQ(odd, 3);
	CHECK_EQ(even, 2);
}

#pragma GCC diagnostic pop

static void produce(go_chan *ch, int n)
{
	int i;

	for (i = 0; i < n; i++)
		go_send(ch, i);
	go_chan_close(ch);
}

static void range_waits(void)
{
	go_chan *ch = go_chan_make(sizeof(int), 0);
	int v, n = 0;

	go(produce, ch, 1000);
	go_range(v, ch)
		CHECK_EQ(v, n++);
	CHECK_EQ(n, 1000);
}

static void send_double_as_int(void)
{
	go_send(go_chan_make(sizeof(int), 1), 1.0);
}

static void send_struct_too_small(void)
{
	struct { char c[12]; } s = { { 0 } };

	go_send(go_chan_make(16, 1), s);
}

static void send_pointer_as_int(void)
{
	go_send(go_chan_make(sizeof(int), 1), "text");
}

static void send_int_as_struct(void)
{
	go_send(go_chan_make(12, 1), 1);
}

static void receive_long_from_int(void)
{
	long v;

	go_recv(go_chan_make(sizeof(int), 1), &v);
}

static void range_char_over_int(void)
{
	char v;

	go_range(v, go_chan_make(sizeof(int), 1))
		;
}

static void wrong_sizes_panic(void)
{
	ktap_expect_death(send_double_as_int,
			  "panic: go_send: value of 8 bytes on a channel of 4-byte elements");
	ktap_expect_death(send_struct_too_small,
			  "panic: go_send: value of 12 bytes on a channel of 16-byte elements");
	ktap_expect_death(send_pointer_as_int,
			  "panic: go_send: value of 8 bytes on a channel of 4-byte elements");
	ktap_expect_death(send_int_as_struct,
			  "panic: go_send: value of 4 bytes on a channel of 12-byte elements");
	ktap_expect_death(receive_long_from_int,
			  "panic: go_recv: variable of 8 bytes on a channel of 4-byte elements");
	ktap_expect_death(range_char_over_int,
			  "panic: go_range: variable of 1 bytes on a channel of 4-byte elements");
}

static const struct ktap_case cases[] = {
	KTAP_GO(signed_integers_extend),
	KTAP_GO(unsigned_integers_extend),
	KTAP_GO(integers_truncate),
	KTAP_GO(other_integer_types),
	KTAP_GO(other_types),
	KTAP_GO(address_of_literal),
	KTAP_GO(operands_evaluate_once),
	KTAP_GO(range_takes_all),
	KTAP_GO(range_breaks_and_continues),
	KTAP_GO(range_nests),
	KTAP_GO(range_leaves_else_alone),
	KTAP_GO(range_waits),
	KTAP_PLAIN(wrong_sizes_panic),
};

KTAP_MAIN(cases)

/* SPDX-License-Identifier: MIT */
/*
 * Channels: typed by size, unbuffered or buffered, with Go's rules.
 *
 *   go_chan *ch = go_chan_make(sizeof(int), 2);
 *   int v;
 *
 *   go_send(ch, 42);
 *   go_chan_close(ch);
 *   go_range(v, ch)
 *           printf("%d\n", v);
 *   go_chan_free(ch);
 *
 * A NULL channel is Go's nil channel: sending and receiving block for ever, its
 * length and capacity are 0, and closing it is a panic.
 */
#ifndef GO_CHAN_H
#define GO_CHAN_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct go_chan go_chan;

/*
 * A channel of elements of @elem_size bytes (0 is allowed) with room for @cap of
 * them; with @cap 0 every send meets its receive.  Never NULL: a size out of range
 * is a panic, and out of memory is fatal.
 */
go_chan *go_chan_make(size_t elem_size, size_t cap);

/*
 * Give the memory back.  Nobody may use the channel any more; a send whose value has
 * been received and a close that has been seen do not.  NULL is allowed.  It is all
 * that may be done to a channel on which goroutines waited when go_run() ended.
 */
void go_chan_free(go_chan *ch);

/* ch <- *v.  Panics when the channel is closed or gets closed meanwhile. */
void go_chan_send(go_chan *ch, const void *v);

/*
 * *v, ok = <-ch.  False when the channel is closed and drained; *v is zeroed then.
 * With @v NULL the value is dropped.
 */
bool go_chan_recv(go_chan *ch, void *v);

/* No more sends; receivers get what is buffered, then false. */
void go_chan_close(go_chan *ch);

/* Elements buffered just now, and room for how many. */
size_t go_chan_len(go_chan *ch);
size_t go_chan_cap(go_chan *ch);

/*
 * go_send(ch, value): ch <- value, for a value of any type.
 *
 * An integer (char, bool, enum, bit-field ...) is converted to an integer of the
 * channel's element size, as an assignment would; anything else must have exactly
 * that size, or the send panics.  The channel knows the size only: for one of
 * double or bool, give the value the right type.  An array or a string literal
 * stands for its address, as everywhere in C.
 */
#define go_send(ch, ...) __extension__ \
	go_chan_send_value((ch), (GO_VALUE_TYPE((__VA_ARGS__))[1]){ (__VA_ARGS__) }, \
			   sizeof(GO_VALUE_TYPE((__VA_ARGS__))), \
			   GO_VALUE_KIND(GO_VALUE_TYPE((__VA_ARGS__))))

/*
 * go_recv(ch, &v): v, ok = <-ch.  Panics when sizeof(v) is not the channel's element
 * size; NULL and a void * are not checked.
 */
#define go_recv(ch, p) __extension__ \
	go_chan_recv_value((ch), (p), \
			   _Generic((p), void *: GO_SIZE_UNKNOWN, default: sizeof(*(p))))

/*
 * go_range(v, ch) statement: for v = range ch.  One loop statement, like while: ends
 * when the channel is closed and drained, and leaves the last value in v.
 */
#define go_range(v, ch) GO_RANGE_EXPAND(v, ch, __COUNTER__)

/*
 * What the macros above are made of.  A value is handed over in a compound
 * literal, which needs its type: after the array-to-pointer conversion, and after
 * the integer promotions, which also give a bit-field an ordinary type.
 */
#define GO_SIZE_UNKNOWN		((size_t)-1)
/* Type classes 1 to 4: integer, char, enum, bool. */
#define GO_IS_INTEGER(v)	(__builtin_classify_type(v) <= 4)
#define GO_INTEGER_OR_0(v)	__builtin_choose_expr(GO_IS_INTEGER(v), (v), 0)
#define GO_VALUE_TYPE(x) __typeof__(({ \
	__auto_type go_value_ = ({ x; }); \
	__builtin_choose_expr(GO_IS_INTEGER(go_value_), GO_INTEGER_OR_0(go_value_) + 0, \
			      go_value_); \
}))
#define GO_VALUE_KIND(type) ({ \
	type *go_type_ = NULL; \
	!GO_IS_INTEGER(*go_type_) ? GO_VALUE_OTHER : \
	(__typeof__(GO_INTEGER_OR_0(*go_type_)))-1 < 1 ? GO_VALUE_SIGNED : GO_VALUE_UNSIGNED; \
})
#define GO_RANGE_EXPAND(v, ch, id)	GO_RANGE_LOOP(v, ch, id)
#define GO_RANGE_LOOP(v, ch, id) \
	for (go_chan *go_range_##id = (ch); go_chan_range(go_range_##id, &(v), sizeof(v)); )

enum go_value_kind {
	GO_VALUE_OTHER,
	GO_VALUE_SIGNED,
	GO_VALUE_UNSIGNED,
};

void go_chan_send_value(go_chan *ch, const void *v, size_t size, enum go_value_kind kind);
bool go_chan_recv_value(go_chan *ch, void *v, size_t size);
bool go_chan_range(go_chan *ch, void *v, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* GO_CHAN_H */

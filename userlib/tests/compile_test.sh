#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the compiler must accept without a warning, and what it must refuse.

here=$(CDPATH="" cd -- "$(dirname -- "$0")" && pwd) || exit 1
include="-I$here/../include -I$here/../../uapi"
number=0 failed=0

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

verdict()
{
	number=$((number + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $number $3"
	else
		failed=$((failed + 1))
		sed 's/^/# /' "$tmp/log"
		echo "not ok $number $3"
	fi
}

# compile NAME: a program from standard input
compile()
{
	# shellcheck disable=SC2086 # several options
	if $compiler -Wall -Wextra -Werror $include -fsyntax-only - >"$tmp/log" 2>&1; then
		result=accepted
	else
		result=refused
	fi
}

header()
{
	compiler=$2
	echo "#include <$1>" >"$tmp/source"
	compile <"$tmp/source"
	verdict "$result" accepted "$1 alone: $2"
}

# good|bad NAME STATEMENTS: inside a function that has these at hand
statements()
{
	compiler='cc -std=gnu11 -x c'
	compile <<EOF
#include <gosched.h>
void none(void);
void one(int a);
void text(const char *s);
void seven(int a, int b, int c, int d, int e, int f, int g);
struct pair { int a, b; };
int test(go_chan *ch, int n, const char *s, const int *constant);
int test(go_chan *ch, int n, const char *s, const int *constant)
{
	(void)ch, (void)n, (void)s, (void)constant;
	$1
	return 0;
}
EOF
}

good()
{
	statements "$2"
	verdict "$result" accepted "accepted: $1"
}

bad()
{
	statements "$2"
	verdict "$result" refused "refused: $1"
}

tests()
{
	headers=$(cd "$here/../include" && echo gosched.h gosched/*.h)
	for header in $headers; do
		header "$header" 'cc -std=c11 -x c'
		header "$header" 'cc -std=gnu17 -x c'
		header "$header" 'c++ -std=c++17 -x c++'
	done
	if command -v clang >/dev/null; then
		header gosched.h 'clang -std=gnu11 -x c'
	else
		number=$((number + 1))
		echo "ok $number gosched.h alone: clang # SKIP no clang in PATH"
	fi

	good 'go with the right arguments' 'go(none); go(one, n); go(one, -1L); go(text, s);'
	bad 'go with too few arguments' 'go(one);'
	bad 'go with too many arguments' 'go(none, 1);'
	bad 'go with a pointer for an integer' 'go(one, s);'
	bad 'go with an integer for a pointer' 'go(text, n);'
	bad 'go with another pointer' 'go(text, &n);'
	bad 'go with seven arguments' 'go(seven, 1, 2, 3, 4, 5, 6, 7);'
	bad 'go of something that is no function' 'go(n);'
	bad 'go_spawn of another function' 'go_spawn(one, NULL);'
	good 'go_send of all kinds' 'go_send(ch, 1); go_send(ch, s); go_send(ch, (struct pair){ 1, 2 });'
	bad 'go_send of nothing' 'go_send(ch, none());'
	bad 'go_send on something that is no channel' 'go_send(n, 1);'
	good 'go_recv' 'go_recv(ch, &n); go_recv(ch, NULL); if (go_recv(ch, &n)) return n;'
	bad 'go_recv into a value' 'go_recv(ch, n);'
	bad 'go_recv into a constant' 'go_recv(ch, constant);'
	good 'go_range' 'go_range(n, ch) if (n) break; else continue;'
	bad 'go_panic with the wrong format' 'go_panic("%s", n);'
	good 'waitgroups' 'static go_waitgroup a; go_waitgroup b = {}; go_waitgroup_wait(&a); \
		go_waitgroup_wait(&b);'
}

tests >"$tmp/lines"
echo 'KTAP version 1'
echo "1..$number"
cat "$tmp/lines"
exit $((failed > 0))

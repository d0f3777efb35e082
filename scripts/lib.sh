# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the scripts here have in common: where things are, how they speak, and
# how they ask apt.  To be sourced.

# shellcheck disable=SC2034	# for those who source this
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/gosched
BUILD=$TOP/build

# Progress goes to standard error: the standard output belongs to results.
say()
{
	printf '%s\n' "$*" >&2
}

die()
{
	say "${0##*/}: $*"
	exit 1
}

# Something was asked for that does not exist.
usage_error()
{
	say "${0##*/}: $*"
	say "Try '${0#"$TOP"/} --help'."
	exit 2
}

# The comment block at the top of a script is its help text.
print_help()
{
	sed -n '4,/^[^#]/{s/^# \{0,1\}//p}' "$0"
}

# timed WHAT LOG COMMAND...: run COMMAND with its output in LOG, tell how long
# it took; when it fails show the end of the log.
timed()
{
	local what=$1 log=$2 start=$SECONDS
	shift 2
	say "  $what ..."
	if ! "$@" >"$log" 2>&1 </dev/null; then
		tail -n 30 "$log" >&2
		die "$what failed after $((SECONDS - start)) s; the whole log: $log"
	fi
	say "  $what: $((SECONDS - start)) s"
}

# The version apt would install of a package, empty when it knows none.
apt_candidate()
{
	LC_ALL=C apt-cache policy "$1" 2>/dev/null |
		sed -n 's/^ *Candidate: //p' | grep -v '^(none)$' || true
}

# apt's lists are fetched at most once per run, and only when they do not do.
apt_update()
{
	[[ -z ${APT_UPDATED:-} ]] || return 0
	say "  apt-get update"
	apt-get -qq -o APT::Sandbox::User=root update >&2
	APT_UPDATED=1
}

# fetch_deb PACKAGE VERSION DIRECTORY: the .deb's content goes to DIRECTORY,
# which appears whole or not at all.
fetch_deb()
(
	local package=$1 version=$2 dir=$3 tmp
	[[ -d $dir ]] && return 0
	mkdir -p "$(dirname "$dir")"
	tmp=$(mktemp -d "$dir.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	cd "$tmp" || exit
	say "  downloading $package $version"
	if ! apt-get -qq -o APT::Sandbox::User=root download "$package=$version" >&2; then
		apt_update
		apt-get -qq -o APT::Sandbox::User=root download "$package=$version" >&2 ||
			die "apt cannot download $package $version"
	fi
	dpkg-deb -x ./*.deb root
	mv root "$dir"
)

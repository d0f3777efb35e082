# SPDX-License-Identifier: GPL-2.0
#
# The front door: 'make help' lists what can be asked for.  All outputs are in
# build/, all kernels in the cache folder, ${XDG_CACHE_HOME:-~/.cache}/gosched.

# The kernel that module builds for, see scripts/kernel, unless KDIR names the
# headers of another one.  modules_install is for the running kernel, unless told.
ifeq ($(origin KERNEL),undefined)
modules_install: export KDIR ?= /lib/modules/$(shell uname -r)/build
endif
KERNEL	?= 6.12
PREFIX	?= /usr/local

help:			## list the targets
	@echo 'Targets:'
	@sed -nE 's/^([a-z_-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo 'Variables: KERNEL=$(KERNEL) KDIR= (headers of another kernel) PREFIX=$(PREFIX) DESTDIR='

all: lib examples tests selftests module	## build everything

run:			## boot a stock kernel and show what the module is good for
	@scripts/run

check:			## run every test of the project
	@scripts/check

bench-handoff:		## count instructions from a block to the next M's user code
	@scripts/check bench-handoff; status=$$?; \
		sed -n '/^median/,$$p' build/logs/bench-handoff.log; exit $$status

lint:			## static checks: warnings, sparse, checkpatch, shellcheck
	@scripts/check module-warnings checkpatch shellcheck

lib: deps		## build the library
	$(MAKE) -C userlib lib

examples: deps		## build the examples
	$(MAKE) -C userlib examples

tests: deps		## build the library's tests
	$(MAKE) -C userlib tests

selftests: deps		## build the module's selftests
	$(MAKE) -C selftests KSFT="$$(scripts/kernel source)/tools/testing/selftests"

module:			## build the module for KERNEL, or for the headers in KDIR
	scripts/module $(KERNEL)

install: lib		## install library and headers under DESTDIR/PREFIX
	$(MAKE) -C userlib install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	install -d $(DESTDIR)$(PREFIX)/include/linux
	install -m 644 uapi/linux/gosched.h $(DESTDIR)$(PREFIX)/include/linux
	$(if $(DESTDIR),,-ldconfig)

modules_install: module	## install the module under DESTDIR/lib/modules
	scripts/module --install $(KERNEL) $(if $(DESTDIR),INSTALL_MOD_PATH=$(abspath $(DESTDIR)))

deps:
	@scripts/deps build

clean:			## remove build/ (the cache folder stays)
	rm -rf build

.PHONY: help all run check bench-handoff lint lib examples tests selftests module install \
	modules_install deps clean

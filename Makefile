# Builds libcaltrop and installs it as C programmers expect it: make, then make install PREFIX=... DESTDIR=...
#
# Everything else is cargo's: see CONTRIBUTING.md.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
CARGO ?= cargo
# Where the libraries lie once they are built.
BUILD ?= target/release

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
MAJOR := $(shell sed -n 's/^\#define CALTROP_ABI_MAJOR //p' include/caltrop.h)
# What a program that links the static library must link besides.
NATIVE := -lgcc_s -lpthread -ldl -lm -lc
INCLUDE_FROM_LIB := $(shell realpath -m -s --relative-to=$(LIBDIR) $(INCLUDEDIR))

fill = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	-e 's|@VERSION@|$(VERSION)|' -e 's|@MAJOR@|$(MAJOR)|' -e 's|@INCLUDE_FROM_LIB@|$(INCLUDE_FROM_LIB)|'

.PHONY: all install uninstall

all:
	$(CARGO) build --release -p caltrop-ffi

# It does not build: whoever installs may not be who builds.
install:
	@test -f $(BUILD)/libcaltrop.so -a -f $(BUILD)/libcaltrop.a || { echo 'run make first' >&2; exit 1; }
	install -d $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(LIBDIR)/cmake/caltrop
	install -m 644 include/caltrop.h include/caltrop.hpp $(DESTDIR)$(INCLUDEDIR)
	install -m 644 $(BUILD)/libcaltrop.a $(DESTDIR)$(LIBDIR)
	install -m 755 $(BUILD)/libcaltrop.so $(DESTDIR)$(LIBDIR)/libcaltrop.so.$(VERSION)
	ln -sf libcaltrop.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libcaltrop.so.$(MAJOR)
	ln -sf libcaltrop.so.$(MAJOR) $(DESTDIR)$(LIBDIR)/libcaltrop.so
	$(fill) -e 's|@NATIVE@|$(NATIVE)|' ffi/install/caltrop.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/caltrop.pc
	for file in caltropConfig.cmake caltropConfigVersion.cmake; do \
		$(fill) -e 's|@NATIVE@|$(NATIVE)|' -e '/INTERFACE_LINK_LIBRARIES/s/ -l/;-l/g; s/";-l/"-l/' \
			ffi/install/$$file.in > $(DESTDIR)$(LIBDIR)/cmake/caltrop/$$file || exit 1; \
	done

uninstall:
	rm -f $(DESTDIR)$(INCLUDEDIR)/caltrop.h $(DESTDIR)$(INCLUDEDIR)/caltrop.hpp
	rm -f $(DESTDIR)$(LIBDIR)/libcaltrop.a $(DESTDIR)$(LIBDIR)/libcaltrop.so $(DESTDIR)$(LIBDIR)/libcaltrop.so.*
	rm -f $(DESTDIR)$(LIBDIR)/pkgconfig/caltrop.pc
	rm -rf $(DESTDIR)$(LIBDIR)/cmake/caltrop

include plugins/fluent-bit/fluent-bit.mk
include plugins/vector/vector.mk

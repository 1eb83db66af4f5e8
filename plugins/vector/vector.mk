# Installs the Lua module for Vector. By itself, or included by another makefile:
#   make -f plugins/vector/vector.mk install-vector DESTDIR=/

VECTOR_DIR ?= /usr/lib/caltrop
VECTOR_MODULE ?= target/release/libcaltrop_vector.so

.PHONY: install-vector

# It does not build: whoever installs may not be who builds.
install-vector:
	@test -f $(VECTOR_MODULE) || { echo 'run cargo build --release -p caltrop-vector first' >&2; exit 1; }
	install -d $(DESTDIR)$(VECTOR_DIR)
	install -m 755 $(VECTOR_MODULE) $(DESTDIR)$(VECTOR_DIR)/caltrop.so

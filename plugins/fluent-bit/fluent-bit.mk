# Installs the filter for Fluent Bit. By itself, or included by another makefile:
#   make -f plugins/fluent-bit/fluent-bit.mk install-fluent-bit DESTDIR=/

FLUENT_BIT_DIR ?= /usr/lib/fluent-bit
FLUENT_BIT_LIBRARY ?= target/release/libcaltrop_fluent_bit.so

.PHONY: install-fluent-bit

# It does not build: whoever installs may not be who builds.
install-fluent-bit:
	@test -f $(FLUENT_BIT_LIBRARY) || { echo 'run cargo build --release -p caltrop-fluent-bit first' >&2; exit 1; }
	install -d $(DESTDIR)$(FLUENT_BIT_DIR)
	install -m 755 $(FLUENT_BIT_LIBRARY) $(DESTDIR)$(FLUENT_BIT_DIR)/flb-filter_caltrop.so
	ln -sf flb-filter_caltrop.so $(DESTDIR)$(FLUENT_BIT_DIR)/caltrop_input.so

//! Gives `libcaltrop.so` its SONAME.
//!
//! Only `caltrop_*` is exported, and rustc sees to that: it links a cdylib with a version script of its own that hides all
//! that is not `no_mangle`. There is no second script here, because GNU ld refuses two ("anonymous version tag cannot be
//! combined with other version tags"), though LLVM's linker takes them; `tests/symbols.rs` holds the list.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libcaltrop.so.1");
    }
}

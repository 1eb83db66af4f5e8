//! How the module is linked, and what its tests show to it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // Vector closes the module at each reload; its threads and thread-locals must not be unmapped under them.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
        // The tests are the program: the module finds Lua's functions among those that they export, as in Vector.
        println!("cargo::rustc-link-arg-tests=-rdynamic");
    }
}

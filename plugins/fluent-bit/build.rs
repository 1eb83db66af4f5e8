//! How the library is linked, and what its tests show to it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // The shipper closes the library at each reload; its threads and thread-locals must not be unmapped under them.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
        // The tests are the shipper: the library finds its functions among those that they export.
        println!("cargo::rustc-link-arg-tests=-rdynamic");
    }
}

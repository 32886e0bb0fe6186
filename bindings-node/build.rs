//! Symbols of Node are found when the addon is loaded; how that is said differs between linkers.

fn main() {
    napi_build::setup();
    // Node closes an addon when the last worker thread that loaded it ends. The runtime's threads go on, so the code must stay.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}

//! Symbols of Node are found when the addon is loaded; how that is said differs between linkers.

fn main() {
    napi_build::setup();
}

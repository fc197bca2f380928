//! Links the crate with mold or lld where one is installed: linking is most of an incremental build.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    let installed = |program: &str| {
        env::var_os("PATH")
            .is_some_and(|path| env::split_paths(&path).any(|dir| Path::new(&dir).join(program).is_file()))
    };
    if let Some((_, name)) = [("mold", "mold"), ("ld.lld", "lld")].iter().find(|(program, _)| installed(program)) {
        println!("cargo:rustc-link-arg=-fuse-ld={name}");
    }
}

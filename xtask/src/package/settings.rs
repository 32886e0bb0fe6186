//! Settings that keep packages small stand in several places, since packages are built in several ways. Tests compare them.

use std::path::Path;

fn read(path: &str) -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap().parse().unwrap()
}

#[test]
fn the_source_distribution_builds_the_same_sqlite() {
    let flags = read(".cargo/config.toml")["env"]["LIBSQLITE3_FLAGS"].as_str().unwrap().to_string();
    let python = read("bindings-python/pyproject.toml");
    let config = python["tool"]["maturin"]["config"].as_array().unwrap().clone();
    let wanted = format!("env.LIBSQLITE3_FLAGS='{flags}'");
    assert!(config.iter().any(|line| line.as_str() == Some(&wanted)), "{config:?} lacks {wanted}");
}

#[test]
fn what_is_shipped_is_built_small() {
    let workspace = read("Cargo.toml");
    let release = &workspace["profile"]["release"];
    assert_eq!(release["opt-level"].as_str(), Some("z"));
    assert_eq!(release["lto"].as_str(), Some("fat"));
    assert_eq!(release["codegen-units"].as_integer(), Some(1));
    assert_eq!(release["strip"].as_str(), Some("symbols"));
    // Aborting would take the host down with us.
    assert_eq!(release["panic"].as_str(), Some("unwind"));
    for binding in ["bindings-c", "bindings-node", "bindings-python"] {
        let manifest = read(&format!("{binding}/Cargo.toml"));
        // With an rlib beside it, link-time optimisation is skipped.
        let types = manifest["lib"]["crate-type"].as_array().unwrap();
        assert!(!types.iter().any(|kind| kind.as_str() == Some("rlib")), "{binding}: {types:?}");
        // The tables of Unicode come with any other version.
        assert_eq!(manifest["dependencies"]["idna_adapter"].as_str(), Some("~1.0"), "{binding}");
    }
}

#[test]
fn the_packages_for_npm_have_the_version_of_all() {
    let version = read("Cargo.toml")["workspace"]["package"]["version"].as_str().unwrap().to_string();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings-node");
    let mut manifests = vec![folder.join("package.json")];
    for entry in std::fs::read_dir(folder.join("npm")).unwrap() {
        manifests.push(entry.unwrap().path().join("package.json"));
    }
    assert!(manifests.len() > 1);
    for path in manifests {
        let manifest: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(manifest["version"], version.as_str(), "{}", path.display());
    }
}

#[test]
fn every_machine_has_a_package_that_npm_chooses() {
    for target in super::target::ALL {
        let platform = super::npm::platform(target).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings-node/npm").join(&platform);
        let text = std::fs::read_to_string(folder.join("package.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(manifest["main"], format!("tillgate.{platform}.node"));
        let loader = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings-node/js/load.js");
        assert!(
            std::fs::read_to_string(loader).unwrap().contains(&format!("require('tillgate-{platform}')"))
        );
    }
}

//! The machines that packages are made for.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A machine, as Rust names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub triple: &'static str,
    pub libc: Libc,
}

/// Which C library the machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Libc {
    Glibc,
    Musl,
}

/// The oldest glibc that packages run on: that of CentOS 7, which is what `manylinux2014` means.
pub const GLIBC_FLOOR: (u32, u32) = (2, 17);

pub const ALL: [Target; 4] = [
    Target { triple: "x86_64-unknown-linux-gnu", libc: Libc::Glibc },
    Target { triple: "aarch64-unknown-linux-gnu", libc: Libc::Glibc },
    Target { triple: "x86_64-unknown-linux-musl", libc: Libc::Musl },
    Target { triple: "aarch64-unknown-linux-musl", libc: Libc::Musl },
];

impl Target {
    /// The machine that this runs on.
    pub fn own() -> Result<Self> {
        let own = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        ALL.into_iter()
            .find(|target| target.triple == own)
            .with_context(|| format!("no package is made for {own}"))
    }

    /// Whether Rust's standard library for it is on this machine; without it nothing can be built.
    pub fn is_here(self) -> Result<bool> {
        let output = Command::new("rustc")
            .args(["--print", "target-libdir", "--target", self.triple])
            .output()
            .context("rustc is missing")?;
        if !output.status.success() {
            bail!("rustc does not know {}", self.triple);
        }
        let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        let is_core = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
        };
        Ok(std::fs::read_dir(folder).is_ok_and(|mut entries| entries.any(is_core)))
    }

    /// As cargo-zigbuild takes it: with the floor of glibc.
    pub fn with_floor(self) -> String {
        let (major, minor) = GLIBC_FLOOR;
        match self.libc {
            Libc::Glibc => format!("{}.{major}.{minor}", self.triple),
            Libc::Musl => self.triple.to_string(),
        }
    }

    /// The tag of the wheel, as maturin takes it.
    pub fn compatibility(self) -> &'static str {
        match self.libc {
            Libc::Glibc => "manylinux2014",
            Libc::Musl => "musllinux_1_2",
        }
    }

    pub fn architecture(self) -> &'static str {
        self.triple.split('-').next().unwrap_or(self.triple)
    }
}

//! `cargo xtask package`: what would be shipped, made, looked at, and tried as users have it.
//!
//! For each machine whose standard library is here: an archive for C, a wheel and a package for npm. Besides, the JavaScript for npm, the source distribution for Python and
//! the Rust crates. Beside each lies the list of its parts. All of it goes into `target/packages/`.

mod c_archive;
mod crates;
mod elf;
mod import_time;
mod inspection;
pub(crate) mod jar;
pub(crate) mod library;
mod notices;
pub(crate) mod npm;
mod parts;
#[cfg(test)]
mod settings;
mod static_library;
pub(crate) mod target;
pub(crate) mod tools;
mod trial;
pub(crate) mod wheel;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::compile::{self, What};
use crate::program::{self, Output};
use crate::report::{Report, Tally};
use crate::setup;
use crate::tree::{self, Tree};

use self::inspection::{MARKER, MEGABYTE, Shipped, folders, holds, inspect, megabytes, size};
use self::parts::Package;
use self::target::{Libc, Target};
use self::tools::Tools;

const LIMIT: Duration = Duration::from_secs(10 * 60);

const C_SIZE_MAX_BYTES: u64 = 6 * MEGABYTE;
const NODE_SIZE_MAX_BYTES: u64 = 5 * MEGABYTE;
const PYTHON_SIZE_MAX_BYTES: u64 = 5 * MEGABYTE;
/// With the metadata of the interface, by which Kotlin checks that both sides fit together.
const KOTLIN_SIZE_MAX_BYTES: u64 = 6 * MEGABYTE;
/// Over a bare start of Python.
const IMPORT_MAX: Duration = Duration::from_millis(15);

/// What is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Everything that can be made here.
    All,
    /// What a user of this machine installs, and then it is tried.
    Trial,
}

pub fn run(tree: &Tree, which: Which) -> Result<bool> {
    let mut report = Report::default();
    if !report.prepare("set-up: the machine", || setup::machine(tree, setup::For::Packages)) {
        return Ok(report.finish());
    }
    let mut tools = None;
    report.prepare("set-up: tools", || {
        tools = Some(Tools::install(tree)?);
        setup::node(tree)
    });
    let Some(tools) = tools else { return Ok(report.finish()) };
    let making = Making { tree, tools, version: version(tree)?, packages: packages(tree, which)? };
    let own = Target::own()?;
    let (mut c_archive, mut wheel, mut own_node, mut natives) = (None, None, None, Vec::new());
    let mut platforms = Vec::new();
    for target in target::ALL.into_iter().filter(|target| which == Which::All || *target == own) {
        if !target.is_here()? {
            let reason =
                format!("not built: the standard library of {} is not on this machine", target.triple);
            report.cases(&format!("packages for {}", target.triple), || Ok(Tally::skipped(reason)));
            continue;
        }
        let (mut made_archive, mut made_wheel) = (None, None);
        report.cases(&format!("C archive, {}", target.triple), || {
            let (archive, tally) = making.c_archive(target)?;
            made_archive = Some(archive);
            Ok(tally)
        });
        report.cases(&format!("wheel, {}", target.triple), || {
            let (wheel, tally) = making.wheel(target)?;
            made_wheel = Some(wheel);
            Ok(tally)
        });
        let mut made_node = None;
        report.cases(&format!("npm package, {}", target.triple), || {
            let (package, tally) = making.node(target)?;
            platforms.push(npm::platform(target)?);
            made_node = Some(package);
            Ok(tally)
        });
        if target == own {
            (c_archive, wheel, own_node) = (made_archive, made_wheel, made_node);
        }
        // JNA has no folder for musl: there, the library is built from sources.
        if target.libc == Libc::Glibc {
            report.cases(&format!("native library of Kotlin, {}", target.triple), || {
                let (native, tally) = making.native(target)?;
                natives.push((target, native));
                Ok(tally)
            });
        }
    }
    let mut main_node = None;
    report.cases("npm package, JavaScript", || {
        let package = npm::pack_main(tree, &platforms, &making.packages)?;
        making.made(&package)?;
        main_node = Some(package);
        Ok(Tally::passed(1))
    });
    let mut jar = None;
    report.cases("JAR, with sources beside it", || {
        let (made, tally) = making.jar(&natives)?;
        jar = Some(made);
        Ok(tally)
    });
    if let Some(wheel) = &wheel {
        report.cases("time of import", || making.import_time(wheel));
    }
    if which == Which::All {
        report.cases("source distribution, built in an empty place", || making.sources());
        report.cases("Rust crates, built from their own files", || making.crates());
    }
    report.cases("lists of parts", || parts::check(tree, &making.tools, &making.lists()?));
    report.cases("sums", || making.sums());
    if which == Which::Trial {
        if let (Some(wheel), Some(c_archive), Some(main), Some(own), Some(jar)) =
            (wheel, c_archive, main_node, own_node, jar)
        {
            report.cases("trial: the tree is gone, cargo is not found", || {
                compile::build(tree, What::Demo)?;
                trial::run(tree, &trial::Packages { wheel, c_archive, npm: vec![main, own], jar })
            });
        } else {
            report.given_up("trial", "the packages of this machine were not made");
        }
    }
    println!("   packages are in {}", tree.told(&making.packages));
    Ok(report.finish())
}

struct Making<'a> {
    tree: &'a Tree,
    tools: Tools,
    version: String,
    /// Where packages go.
    packages: PathBuf,
}

impl Making<'_> {
    fn c_archive(&self, target: Target) -> Result<(PathBuf, Tally)> {
        let library = library::build(self.tree, &self.tools, target)?;
        let mut tally = inspect(
            self.tree,
            &Shipped {
                name: "C library",
                binary: &library.shared,
                size_max_bytes: C_SIZE_MAX_BYTES,
                exports: &["tg_"],
                soname: Some(&library.soname),
                floor: Some(target),
                anonymous: true,
            },
        )?;
        let names = static_library::names(&library.archive)?;
        let own = !names.is_empty() && names.iter().all(|name| name.starts_with("tg_"));
        println!("   static library: {}, {} names", megabytes(size(&library.archive)?), names.len());
        if !own {
            println!("   static library: it gives more than its own names");
        }
        tally.count(own);
        let archive = std::fs::read(&library.archive)?;
        let folders = folders(self.tree)?;
        let named = folders.iter().any(|folder| holds(&archive, folder.as_os_str().as_encoded_bytes()));
        if named || holds(&archive, MARKER) {
            println!("   static library: it holds the testing seams, or names folders of this machine");
        }
        tally.count(!named && !holds(&archive, MARKER));
        let package =
            &Package { root: "tillgate-c", kind: "generic", target: Some(target), linked_by_zig: true };
        let parts = self.list(&format!("{}.tar.gz", c_archive::name(&self.version, target)), package)?;
        let licences = self.tree.fresh("c-archive-licences")?.join(notices::FILE);
        notices::write(self.tree, package, &licences)?;
        let inside = [(parts.as_path(), "tillgate.cdx.json"), (&licences, notices::FILE)];
        let archive = c_archive::pack(self.tree, &library, target, &self.version, &inside, &self.packages)?;
        self.made(&archive)?;
        Ok((archive, tally))
    }

    fn wheel(&self, target: Target) -> Result<(PathBuf, Tally)> {
        // The list goes into the wheel, whose name is known only when it is made.
        let package =
            Package { root: "tillgate-python", kind: "pypi", target: Some(target), linked_by_zig: true };
        let place = self.tree.fresh("wheel-parts")?;
        let (list, licences) = (place.join("tillgate.cdx.json"), place.join(notices::FILE));
        parts::write(self.tree, &package, &list)?;
        notices::write(self.tree, &package, &licences)?;
        let wheel = wheel::build(self.tree, &self.tools, target, &[&list, &licences], &self.packages)?;
        std::fs::copy(&list, beside(&wheel)?)?;
        self.made(&wheel)?;
        let place = self.tree.work.join(format!("wheel-content-{}", target.triple));
        let extension = wheel::unpack(self.tree, &self.tools, &wheel, &place)?;
        let tally = inspect(self.tree, &extension_of("Python extension", &extension, Some(target)))?;
        Ok((wheel, tally))
    }

    fn node(&self, target: Target) -> Result<(PathBuf, Tally)> {
        let addon = npm::addon(self.tree, &self.tools, target)?;
        let tally = inspect(
            self.tree,
            &Shipped {
                name: "Node addon",
                binary: &addon,
                size_max_bytes: NODE_SIZE_MAX_BYTES,
                exports: &["napi_register_module_v1"],
                soname: None,
                floor: Some(target),
                anonymous: true,
            },
        )?;
        let package =
            &Package { root: "tillgate-node", kind: "npm", target: Some(target), linked_by_zig: true };
        let platform = npm::platform(target)?;
        let list = self.list(&format!("tillgate-{platform}-{}.tgz", self.version), package)?;
        let licences = self.tree.fresh("npm-licences")?.join(notices::FILE);
        notices::write(self.tree, package, &licences)?;
        let inside = [(list.as_path(), "tillgate.cdx.json"), (&licences, notices::FILE)];
        let package = npm::pack_platform(self.tree, &addon, target, &inside, &self.packages)?;
        self.made(&package)?;
        Ok((package, tally))
    }

    fn native(&self, target: Target) -> Result<(PathBuf, Tally)> {
        let native = jar::native(self.tree, &self.tools, target)?;
        let shipped = Shipped {
            name: "native library of Kotlin",
            binary: &native,
            size_max_bytes: KOTLIN_SIZE_MAX_BYTES,
            exports: &["uniffi_tillgate_", "ffi_tillgate_", "UNIFFI_META_", "tillgate_uniffi_"],
            soname: None,
            floor: Some(target),
            anonymous: true,
        };
        let tally = inspect(self.tree, &shipped)?;
        Ok((native, tally))
    }

    fn jar(&self, natives: &[(Target, PathBuf)]) -> Result<(PathBuf, Tally)> {
        let (target, _) = natives.first().context("no native library was made")?;
        let package = Package {
            root: "tillgate-uniffi",
            kind: "maven/io.tillgate",
            // The others differ from it in what the system brings alone.
            target: Some(*target),
            linked_by_zig: true,
        };
        let place = self.tree.fresh("jar-parts")?;
        let (list, licences) = (place.join("tillgate.cdx.json"), place.join(notices::FILE));
        parts::write(self.tree, &package, &list)?;
        notices::write(self.tree, &package, &licences)?;
        let artifacts = compile::build(self.tree, What::Bindgen)?;
        let made = jar::build(self.tree, &artifacts, natives, &[&list, &licences], &self.version)?;
        let jar = jar::keep(&made, &self.packages)?;
        std::fs::copy(&list, beside(&jar)?)?;
        self.made(&jar)?;
        Ok((jar.clone(), jar::check(self.tree, &jar, natives)?))
    }

    fn import_time(&self, wheel: &Path) -> Result<Tally> {
        let place = self.tree.work.join("import-time");
        wheel::unpack(self.tree, &self.tools, wheel, &place)?;
        let python = self.tools.python();
        let time = import_time::measure(Path::new(python.get_program()), &place)?;
        let told = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        println!(
            "   import tillgate: {} over a bare start, at most {}",
            told(time.of_import()),
            told(IMPORT_MAX)
        );
        println!("   with the names that a seller needs: {}", told(time.of_names()));
        let mut tally = Tally::default();
        tally.count(time.of_import() <= IMPORT_MAX);
        Ok(tally)
    }

    fn sources(&self) -> Result<Tally> {
        let sources = wheel::sources(self.tree, &self.tools, &self.packages)?;
        let name = sources.file_name().context("a file has a name")?.to_string_lossy().into_owned();
        self.list(
            &name,
            &Package { root: "tillgate-python", kind: "pypi", target: None, linked_by_zig: false },
        )?;
        self.made(&sources)?;
        let wheel = wheel::build_from_sources(self.tree, &sources)?;
        let place = self.tree.work.join("sdist-content");
        let extension = wheel::unpack(self.tree, &self.tools, &wheel, &place)?;
        inspect(self.tree, &extension_of("Python extension from sources", &extension, None))
    }

    fn crates(&self) -> Result<Tally> {
        let crates = crates::pack(self.tree, &self.version, &self.packages)?;
        for (file, root) in crates.iter().zip(crates::CRATES) {
            let name = file.file_name().context("a file has a name")?.to_string_lossy().into_owned();
            self.list(&name, &Package { root, kind: "cargo", target: None, linked_by_zig: false })?;
            self.made(file)?;
        }
        Ok(Tally::passed(crates.len()))
    }

    /// The list of the parts of a package, beside it.
    fn list(&self, name: &str, package: &Package) -> Result<PathBuf> {
        let list = self.packages.join(format!("{name}.cdx.json"));
        parts::write(self.tree, package, &list)?;
        Ok(list)
    }

    /// All lists that there are now.
    fn lists(&self) -> Result<Vec<PathBuf>> {
        let mut lists = files(&self.packages)?;
        lists.retain(|path| path.to_string_lossy().ends_with(".cdx.json"));
        Ok(lists)
    }

    /// SHA-256 of everything, as `sha256sum --check` reads it.
    fn sums(&self) -> Result<Tally> {
        let mut command = std::process::Command::new("sha256sum");
        command.current_dir(&self.packages);
        let files = files(&self.packages)?;
        command.args(files.iter().filter_map(|path| path.file_name()));
        let said =
            program::run(&mut command, &self.tree.log("sha256sum"), Output::Apart, LIMIT)?.ok()?.stdout;
        std::fs::write(self.packages.join("SHA256SUMS"), said)?;
        let mut check = std::process::Command::new("sha256sum");
        check.current_dir(&self.packages).args(["--check", "--strict", "--quiet", "SHA256SUMS"]);
        let ended = program::run(&mut check, &self.tree.log("sha256sum-check"), Output::Together, LIMIT)?;
        let mut tally = Tally::default();
        tally.count(!files.is_empty() && ended.succeeded());
        Ok(tally)
    }

    fn made(&self, package: &Path) -> Result<()> {
        println!("   {} {}", self.tree.told(package), megabytes(size(package)?));
        Ok(())
    }
}

fn extension_of<'a>(name: &'a str, binary: &'a Path, floor: Option<Target>) -> Shipped<'a> {
    Shipped {
        name,
        binary,
        size_max_bytes: PYTHON_SIZE_MAX_BYTES,
        exports: &["PyInit_"],
        soname: None,
        floor,
        // Who builds from the sources has the folders of his own machine in it.
        anonymous: floor.is_some(),
    }
}

/// Where packages go. What an earlier run left is not of this one.
fn packages(tree: &Tree, which: Which) -> Result<PathBuf> {
    let packages = tree.target.join(match which {
        Which::All => "packages",
        Which::Trial => "packages-tried",
    });
    tree::empty(&packages)?;
    Ok(packages)
}

/// Where the list of a package's parts goes.
fn beside(package: &Path) -> Result<PathBuf> {
    let name = package.file_name().context("a package has a name")?.to_string_lossy();
    Ok(package.with_file_name(format!("{name}.cdx.json")))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// The workspace's one version.
fn version(tree: &Tree) -> Result<String> {
    let manifest = std::fs::read_to_string(tree.root.join("Cargo.toml"))?;
    let manifest: toml::Table = manifest.parse().context("Cargo.toml cannot be read")?;
    let version =
        manifest["workspace"]["package"]["version"].as_str().context("the workspace has no version")?;
    Ok(version.to_string())
}

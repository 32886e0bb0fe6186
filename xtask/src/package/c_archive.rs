//! The archive for C: header, shared and static library, and what pkg-config and CMake read. Nothing in it knows where it lies.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::program::{self, Output};
use crate::tree::Tree;

use super::library::Library;
use super::target::{GLIBC_FLOOR, Libc, Target};

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// What is filled in, and where it goes in the archive. They lie in `bindings-c/package/`.
const TEMPLATES: [(&str, &str); 4] = [
    ("README.md.in", "README.md"),
    ("tillgate.pc.in", "lib/pkgconfig/tillgate.pc"),
    ("tillgate-config.cmake.in", "lib/cmake/tillgate/tillgate-config.cmake"),
    ("tillgate-config-version.cmake.in", "lib/cmake/tillgate/tillgate-config-version.cmake"),
];

const COPIES: [(&str, &str); 4] = [
    ("bindings-c/include/tillgate.h", "include/tillgate.h"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("CHANGELOG.md", "CHANGELOG.md"),
];

pub fn name(version: &str, target: Target) -> String {
    format!("tillgate-{version}-{}", target.triple)
}

/// Makes the folder and packs it into `packages`. `inside` are files that were made for it, with their names there.
pub fn pack(
    tree: &Tree,
    library: &Library,
    target: Target,
    version: &str,
    inside: &[(&Path, &str)],
    packages: &Path,
) -> Result<PathBuf> {
    let name = name(version, target);
    let above = tree.fresh("c-archive")?;
    let folder = above.join(&name);
    for (from, to) in COPIES {
        copy(&tree.root.join(from), &folder.join(to))?;
    }
    for (from, to) in inside {
        copy(from, &folder.join(to))?;
    }
    for (template, to) in TEMPLATES {
        let text = std::fs::read_to_string(tree.root.join("bindings-c/package").join(template))?;
        write(&folder.join(to), &filled(&text, library, target, version))?;
    }
    // The file, the name that programs look for, and the name that linkers look for.
    let file = format!("libtillgate.so.{version}");
    copy(&library.shared, &folder.join("lib").join(&file))?;
    std::os::unix::fs::symlink(&file, folder.join("lib").join(&library.soname))?;
    std::os::unix::fs::symlink(&library.soname, folder.join("lib/libtillgate.so"))?;
    copy(&library.archive, &folder.join("lib/libtillgate.a"))?;
    let archive = packages.join(format!("{name}.tar.gz"));
    tar(tree, &above, &name, &archive)?;
    Ok(archive)
}

fn filled(text: &str, library: &Library, target: Target, version: &str) -> String {
    let (major, minor) = GLIBC_FLOOR;
    let floor = match target.libc {
        Libc::Glibc => format!("Linux with glibc {major}.{minor} (2012) or newer"),
        Libc::Musl => "Linux with musl 1.2 or newer".to_string(),
    };
    let short = version.rsplit_once('.').map_or(version, |(short, _)| short);
    // CMake takes the names without the linker's option.
    let list: Vec<&str> =
        library.system_libraries.split_whitespace().filter_map(|option| option.strip_prefix("-l")).collect();
    text.replace("@VERSION@", version)
        .replace("@VERSION_SHORT@", short)
        .replace("@TARGET@", target.triple)
        .replace("@FLOOR@", &floor)
        .replace("@SONAME@", &library.soname)
        .replace("@SYSTEM_LIBRARIES@", &library.system_libraries)
        .replace("@SYSTEM_LIBRARIES_LIST@", &list.join(";"))
}

/// The same bytes for the same content: no owner, no time of this machine.
fn tar(tree: &Tree, above: &Path, name: &str, archive: &Path) -> Result<()> {
    let mut command = Command::new("tar");
    command.current_dir(above).args(["--create", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"]);
    command.args(["--mode=u=rwX,go=rX", "--mtime=@0", "--use-compress-program=gzip -9 --no-name", "--file"]);
    command.arg(archive).arg(name);
    program::run(&mut command, &tree.log("tar"), Output::Together, LIMIT)?.ok()?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().context("a file lies in a folder")?;
    std::fs::create_dir_all(folder)?;
    std::fs::copy(from, to).with_context(|| format!("{} cannot be copied", from.display()))?;
    Ok(())
}

fn write(to: &Path, text: &str) -> Result<()> {
    let folder = to.parent().context("a file lies in a folder")?;
    std::fs::create_dir_all(folder)?;
    std::fs::write(to, text).with_context(|| format!("{} cannot be written", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_fill_in() {
        let library = Library {
            shared: PathBuf::new(),
            archive: PathBuf::new(),
            soname: "libtillgate.so.7".into(),
            system_libraries: "-lgcc_s -lm -lc".into(),
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings-c/package");
        for (template, _) in TEMPLATES {
            let text = std::fs::read_to_string(folder.join(template)).unwrap();
            let text = filled(&text, &library, Target::own().unwrap(), "1.2.3");
            assert!(!text.contains("@"), "{template}: {text}");
        }
        let text =
            filled("@VERSION_SHORT@ @SYSTEM_LIBRARIES_LIST@", &library, Target::own().unwrap(), "1.2.3");
        assert_eq!(text, "1.2 gcc_s;m;c");
    }
}

//! The packages as users have them: the tree is gone, cargo is not to be found, and each sells at the sandbox.

mod aside;
mod node;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::program::{self, Output};
use crate::report::Tally;
use crate::sandbox::Sandbox;
use crate::tree::{self, Tree};

use super::jar;
use crate::kotlin;

use self::aside::Aside;

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// What a user of CMake writes.
const CMAKE_LISTS: &str = include_str!("CMakeLists.txt");
/// What a user of Maven writes; the version is put in.
const POM: &str = include_str!("pom.xml");

/// What is tried.
pub struct Packages {
    pub wheel: PathBuf,
    pub c_archive: PathBuf,
    /// The one with the JavaScript, and that of this machine.
    pub npm: Vec<PathBuf>,
    pub jar: PathBuf,
}

/// Where it is tried: outside of the tree, with copies of all that is needed.
struct Place {
    folder: PathBuf,
    /// The programs that can be found there: no cargo, no rustc.
    path: std::ffi::OsString,
    sandbox: PathBuf,
    wheel: PathBuf,
    c_archive: PathBuf,
    jar: PathBuf,
}

/// Sells through each package. The sandbox must have been built.
pub fn run(tree: &Tree, packages: &Packages) -> Result<Tally> {
    let place = Place::prepare(tree, packages)?;
    let aside = Aside::put(&tree.root)?;
    println!("   {} is {} meanwhile", tree.root.display(), aside.name().display());
    let tally = sell_through_each(&place);
    aside.back()?;
    let tally = tally?;
    if tally.failed == 0 {
        std::fs::remove_dir_all(&place.folder)?;
    } else {
        println!("   what was tried is left in {}", place.folder.display());
    }
    Ok(tally)
}

fn sell_through_each(place: &Place) -> Result<Tally> {
    let mut tally = Tally::default();
    let python = place.install_the_wheel();
    place.case(&mut tally, "the wheel in a fresh venv", || {
        let mut command = place.command(&python?);
        command.arg(place.folder.join("sell.py"));
        Ok(command)
    });
    node::sell(place, &mut tally);
    let class_path = place.build_by_maven();
    place.case(&mut tally, "the JAR in a new Maven project", || {
        let mut command = place.command(Path::new("java"));
        command.arg("-cp").arg(class_path?).arg("SellKt");
        Ok(command)
    });
    let prefix = place.unpack_the_archive();
    let prefix = prefix.as_deref();
    for (name, shared) in [("pkg-config, shared", true), ("pkg-config, static", false)] {
        place.case(&mut tally, &format!("the C archive through {name}"), || {
            Ok(place.command(&place.compile(told(prefix)?, shared)?))
        });
    }
    let built =
        prefix.map_err(|error| anyhow::anyhow!("{error:#}")).and_then(|prefix| place.build_by_cmake(prefix));
    for program in ["sell_shared", "sell_static"] {
        place.case(&mut tally, &format!("the C archive through CMake's find_package, {program}"), || {
            Ok(place.command(&told(built.as_deref())?.join(program)))
        });
    }
    Ok(tally)
}

/// An error that several cases share.
fn told<'a>(result: Result<&'a Path, &anyhow::Error>) -> Result<&'a Path> {
    result.map_err(|error| anyhow::anyhow!("{error:#}"))
}

impl Place {
    fn prepare(tree: &Tree, packages: &Packages) -> Result<Self> {
        let folder = tree::outside(tree, "trial")?;
        let copy = |from: &Path| {
            let to = folder.join(from.file_name().context("a file has a name")?);
            std::fs::copy(from, &to).with_context(|| format!("{} cannot be copied", from.display()))?;
            Ok::<_, anyhow::Error>(to)
        };
        for example in ["python/sell.py", "python/shop.py", "c/sell.c", "c/shop.h"] {
            copy(&tree.root.join("examples").join(example))?;
        }
        node::prepare(tree, &packages.npm, &folder)?;
        let project = folder.join("maven/src/main/kotlin");
        std::fs::create_dir_all(&project)?;
        for example in ["Sell.kt", "Shop.kt"] {
            std::fs::copy(tree.root.join("examples/kotlin").join(example), project.join(example))?;
        }
        copy(&jar::pom_of(&packages.jar))?;
        copy_of_the_repository(tree, &folder.join("repository"))?;
        std::fs::create_dir(folder.join("cmake"))?;
        std::fs::write(folder.join("cmake/CMakeLists.txt"), CMAKE_LISTS)?;
        for source in ["sell.c", "shop.h"] {
            std::fs::copy(folder.join(source), folder.join("cmake").join(source))?;
        }
        Ok(Self {
            sandbox: copy(&tree.program("tillgate-sandbox"))?,
            wheel: copy(&packages.wheel)?,
            c_archive: copy(&packages.c_archive)?,
            jar: copy(&packages.jar)?,
            path: path_without_cargo()?,
            folder,
        })
    }

    /// A program that knows nothing of the tree, of cargo, or of what is installed for this user.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env_clear().env("PATH", &self.path).env("HOME", &self.folder);
        command
    }

    fn run(&self, name: &str, command: &mut Command) -> Result<String> {
        let log = self.folder.join(format!("{name}.log"));
        Ok(program::run(command, &log, Output::Apart, LIMIT)?.ok()?.stdout)
    }

    /// Sells with a program, at a sandbox of its own, and looks into the sandbox's ledger.
    fn case(&self, tally: &mut Tally, name: &str, seller: impl FnOnce() -> Result<Command>) {
        let sold = seller().and_then(|command| self.sell(tally, command));
        match &sold {
            Ok(0) => println!("   {name}: the gateway sold nothing"),
            Ok(count) => println!("   {name}: {count} sold"),
            Err(error) => println!("   {name}: {error:#}"),
        }
        tally.count(sold.is_ok_and(|count| count == 1));
    }

    fn sell(&self, tally: &Tally, mut seller: Command) -> Result<usize> {
        let place = self.folder.join(format!("sale-{}", tally.passed + tally.failed + 1));
        tree::empty(&place)?;
        let sandbox = Sandbox::start_copy(&self.sandbox, &place, Sandbox::SPEED_OF_EXAMPLES)?;
        seller.current_dir(&place).args(sandbox.example_arguments(&place));
        program::run(&mut seller, &place.join("log"), Output::Together, LIMIT)?.ok()?;
        let ledger = std::fs::read_to_string(&sandbox.ledger)?;
        Ok(ledger.lines().filter(|line| line.starts_with("{\"event\":\"accepted\"")).count())
    }

    /// The interpreter of a new virtual environment that has the wheel and nothing else.
    fn install_the_wheel(&self) -> Result<PathBuf> {
        let mut make = self.command(Path::new("python3"));
        self.run("venv", make.args(["-m", "venv", "venv"]))?;
        let python = self.folder.join("venv/bin/python");
        let mut install = self.command(&python);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]);
        self.run("pip", install.arg(&self.wheel))?;
        Ok(python)
    }

    /// The class path of a new project that has the JAR from a local repository, as after a download.
    fn build_by_maven(&self) -> Result<String> {
        let repository = format!("-Dmaven.repo.local={}", self.folder.join("repository").display());
        let maven = |what: &[&str], log: &str| {
            let mut command = self.command(Path::new("mvn"));
            command.current_dir(self.folder.join("maven")).args(["--batch-mode", "--quiet", &repository]);
            self.run(log, command.args(what))
        };
        let (jar, pom) = (self.jar.display(), jar::pom_of(&self.jar));
        let install = "org.apache.maven.plugins:maven-install-plugin:3.1.4:install-file";
        maven(
            &[install, &format!("-Dfile={jar}"), &format!("-DpomFile={}", pom.display())],
            "maven-install",
        )?;
        let name = self.jar.file_stem().context("a file has a name")?.to_string_lossy().into_owned();
        let version = name.trim_start_matches("tillgate-");
        std::fs::write(self.folder.join("maven/pom.xml"), POM.replace("TILLGATE_VERSION", version))?;
        maven(&["compile", "dependency:build-classpath", "-Dmdep.outputFile=class-path"], "maven-compile")?;
        let jars = std::fs::read_to_string(self.folder.join("maven/class-path"))?;
        let classes = self.folder.join("maven/target/classes");
        Ok(format!("{}:{}", classes.display(), jars.trim()))
    }

    /// Where the archive's folder is: what its README calls the prefix.
    fn unpack_the_archive(&self) -> Result<PathBuf> {
        let above = self.folder.join("unpacked");
        tree::empty(&above)?;
        let mut unpack = self.command(Path::new("tar"));
        self.run(
            "tar",
            unpack.args(["--extract", "--file"]).arg(&self.c_archive).arg("--directory").arg(&above),
        )?;
        let mut folders = std::fs::read_dir(&above)?;
        Ok(folders.next().context("the archive is empty")??.path())
    }

    /// Compiles the example with what pkg-config says, as the archive's README shows.
    fn compile(&self, prefix: &Path, shared: bool) -> Result<PathBuf> {
        let pkg_config = |what: &str| {
            let mut command = self.command(Path::new("pkg-config"));
            command
                .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"))
                .args(what.split(' '))
                .arg("tillgate");
            let said = self.run("pkg-config", &mut command)?;
            Ok::<_, anyhow::Error>(said.split_whitespace().map(str::to_string).collect::<Vec<_>>())
        };
        let program = self.folder.join(if shared { "sell_shared" } else { "sell_static" });
        let mut compile = self.command(Path::new("cc"));
        compile.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "sell.c"]);
        compile.args(pkg_config("--cflags")?);
        if shared {
            compile.args(pkg_config("--libs")?);
            compile.arg(format!("-Wl,-rpath,{}", prefix.join("lib").display()));
        } else {
            compile.arg("-Wl,-Bstatic").args(pkg_config("--libs")?).arg("-Wl,-Bdynamic");
            compile.args(pkg_config("--variable=system_libraries")?);
        }
        self.run("cc", compile.arg("-o").arg(&program))?;
        Ok(program)
    }

    /// The folder of the programs that CMake made.
    fn build_by_cmake(&self, prefix: &Path) -> Result<PathBuf> {
        let built = self.folder.join("cmake-built");
        let mut configure = self.command(Path::new("cmake"));
        configure.args(["-S", "cmake", "-B"]).arg(&built);
        self.run("cmake", configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())))?;
        let mut build = self.command(Path::new("cmake"));
        self.run("cmake-build", build.arg("--build").arg(&built))?;
        Ok(built)
    }
}

/// What Maven fetched before: the tree that it is kept in is gone meanwhile. It knows nothing of tillgate.
fn copy_of_the_repository(tree: &Tree, to: &Path) -> Result<()> {
    let mut copy = Command::new("cp");
    copy.arg("-r").arg(kotlin::repository(tree)).arg(to);
    program::run(&mut copy, &tree.log("copy-maven"), Output::Together, LIMIT)?.ok()?;
    Ok(())
}

/// PATH without the folders that hold cargo or rustc.
fn path_without_cargo() -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").context("PATH is not set")?;
    let folders = std::env::split_paths(&path);
    let folders: Vec<PathBuf> =
        folders.filter(|folder| !["cargo", "rustc"].iter().any(|name| folder.join(name).exists())).collect();
    for needed in ["cc", "cmake", "java", "mvn", "node", "npm", "pkg-config", "python3"] {
        if !folders.iter().any(|folder| folder.join(needed).is_file()) {
            bail!(
                "{needed} is found only beside cargo: put cargo into a folder of its own to try without it"
            );
        }
    }
    Ok(std::env::join_paths(folders)?)
}

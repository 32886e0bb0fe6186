//! Writes the bindings of core from the interface of the compiled core.

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use clap::{Parser, Subcommand, ValueEnum};
use tillgate_bindgen::ir::Interface;
use tillgate_bindgen::{c, callers, items, kotlin, lint, node, python, synth, write};

#[derive(Parser)]
#[command(about, version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the bindings, after the interface has been checked.
    Write {
        /// The compiled core with UniFFI's metadata: target/debug/libtillgate.rlib, built with `--features uniffi`.
        #[arg(long)]
        library: Utf8PathBuf,
        /// The root of the workspace, where bindings-c and the others are.
        #[arg(long, default_value = ".")]
        root: Utf8PathBuf,
        #[arg(long, value_delimiter = ',', default_values = ["c", "python", "node"])]
        languages: Vec<Language>,
        /// The crate whose interface it is.
        #[arg(long, default_value = "tillgate")]
        crate_name: String,
        /// Writes nothing; fails if anything would change.
        #[arg(long)]
        check: bool,
    },
    /// Writes the sources in Kotlin, which are not committed, with UniFFI's own generator.
    Kotlin {
        #[arg(long)]
        library: Utf8PathBuf,
        /// The root of the workspace, where uniffi.toml is.
        #[arg(long, default_value = ".")]
        root: Utf8PathBuf,
        /// The folder of sources.
        #[arg(long)]
        out: Utf8PathBuf,
    },
    /// Only checks the interface.
    Lint {
        #[arg(long)]
        library: Utf8PathBuf,
        #[arg(long, default_value = "tillgate")]
        crate_name: String,
    },
    /// Prints every public item with its docs, one line of JSON each: what every language must offer.
    Items {
        #[arg(long)]
        library: Utf8PathBuf,
        #[arg(long, default_value = "tillgate")]
        crate_name: String,
    },
    /// Writes a made-up core of any size, always the same for the same numbers, to try the bindings on.
    Synth {
        /// How many records and enumerations.
        #[arg(long, default_value_t = 300)]
        types: usize,
        /// How many methods, over six objects.
        #[arg(long, default_value_t = 170)]
        operations: usize,
        /// Where to put the workspace.
        #[arg(long)]
        out: Utf8PathBuf,
        /// The workspace of the real core, whose macros and hand-written parts of the bindings are used.
        #[arg(long, default_value = ".")]
        workspace: Utf8PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    C,
    Python,
    Node,
    /// The listing of what is public; see the command `kotlin` for the sources.
    Kotlin,
    /// No binding: programs that call the bindings, for the conformance runs.
    Callers,
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Write { library, root, languages, crate_name, check } => {
            let interface = read(&library, &crate_name)?;
            let (mut files, mut folders) = (Vec::new(), Vec::new());
            for language in languages {
                let (written, owned) = match language {
                    Language::C => (c::write(&interface, &root)?, c::FOLDERS),
                    Language::Python => (python::write(&interface, &root)?, python::FOLDERS),
                    Language::Node => (node::write(&interface, &root)?, node::FOLDERS),
                    Language::Kotlin => (kotlin::write(&interface, &library, &root)?, kotlin::FOLDERS),
                    Language::Callers => (callers::write(&interface, &root)?, callers::FOLDERS),
                };
                files.extend(written);
                folders.extend(owned);
            }
            let changed = if check {
                write::differing(&root, &folders, &files)?
            } else {
                write::write_files(&root, &folders, &files)?
            };
            for path in &changed {
                println!("{path}");
            }
            if check && !changed.is_empty() {
                bail!("{} generated files are out of date: run `cargo xtask gen` and commit", changed.len());
            }
            println!("{} files, {} changed", files.len(), changed.len());
            Ok(())
        }
        Command::Kotlin { library, root, out } => {
            let interface = read(&library, "tillgate")?;
            let sources = kotlin::sources(&interface, &library, &root)?;
            let changed = write::write_files(&out, &[], &sources)?;
            println!("{} files, {} changed", sources.len(), changed.len());
            Ok(())
        }
        Command::Lint { library, crate_name } => read(&library, &crate_name).map(drop),
        Command::Items { library, crate_name } => {
            for item in items::of(&read(&library, &crate_name)?) {
                println!("{item}");
            }
            Ok(())
        }
        Command::Synth { types, operations, out, workspace } => {
            let workspace =
                workspace.canonicalize_utf8().with_context(|| format!("{workspace} is not there"))?;
            synth::write(&synth::Size { types, operations }, &workspace, &out)
        }
    }
}

/// The interface, checked.
fn read(library: &camino::Utf8Path, crate_name: &str) -> Result<Interface> {
    let interface = Interface::read(library, crate_name, env!("CARGO_PKG_VERSION"))?;
    let faults = lint::check(&interface);
    for fault in &faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        bail!("the interface breaks {} rules", faults.len());
    }
    Ok(interface)
}

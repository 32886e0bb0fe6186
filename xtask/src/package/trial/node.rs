//! The npm packages, in a place that has nothing else but TypeScript and a bundler.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::report::Tally;
use crate::tree::{self, Tree};

use super::Place;

/// What users write, each in its own way.
const PROGRAMS: [(&str, &str); 3] = [
    ("sell.cjs", include_str!("sell.cjs")),
    ("sell.mts", include_str!("sell.mts")),
    ("tsconfig.json", include_str!("tsconfig.json")),
];
/// Tools of a user, and what they need. They come from a registry in any version.
const TOOLS: [&str; 5] = ["typescript", "@types/node", "undici-types", "esbuild", "@esbuild"];

/// A folder with the tools, the programs and the packages as they were made.
pub fn prepare(tree: &Tree, packages: &[PathBuf], above: &Path) -> Result<PathBuf> {
    let folder = above.join("node");
    std::fs::create_dir_all(folder.join("packed"))?;
    for package in packages {
        let name = package.file_name().context("a package has a name")?;
        std::fs::copy(package, folder.join("packed").join(name))?;
    }
    for tool in TOOLS {
        // Beside the project, so that it is found and not installed.
        let to = above.join("node_modules").join(tool);
        std::fs::create_dir_all(to.parent().context("a tool lies in a folder")?)?;
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(tree.root.join("bindings-node/node_modules").join(tool)).arg(&to);
        let status = copy.status().context("cp is missing")?;
        anyhow::ensure!(status.success(), "{tool} cannot be copied");
    }
    for (name, text) in PROGRAMS {
        std::fs::write(folder.join(name), text)?;
    }
    for example in ["sell.mjs", "shop.mjs"] {
        std::fs::copy(tree.root.join("examples/node").join(example), folder.join(example))?;
    }
    std::fs::write(folder.join("package.json"), "{ \"private\": true }\n")?;
    Ok(folder)
}

/// Sells with each.
pub fn sell(place: &Place, tally: &mut Tally) {
    let folder = place.folder.join("node");
    let installed = install(place, &folder);
    let installed = installed.as_ref();
    let node = |program: PathBuf| {
        let mut command = place.command(Path::new("node"));
        command.arg(program);
        command
    };
    let told = || installed.map_err(|error| anyhow::anyhow!("{error:#}"));
    place.case(tally, "the npm packages, ES modules", || told().map(|()| node(folder.join("sell.mjs"))));
    place.case(tally, "the npm packages, CommonJS", || told().map(|()| node(folder.join("sell.cjs"))));
    place.case(tally, "the npm packages, strict TypeScript", || {
        told()?;
        let mut compile = node(place.folder.join("node_modules/typescript/bin/tsc"));
        place.run("tsc", compile.arg("--project").arg(&folder))?;
        Ok(node(folder.join("compiled/sell.mjs")))
    });
    place.case(tally, "the npm packages, a bundle of esbuild", || {
        told()?;
        let bundled = place.folder.join("bundled");
        tree::empty(&bundled)?;
        let mut bundle = place.command(&place.folder.join("node_modules/esbuild/bin/esbuild"));
        bundle.current_dir(&folder).args(["sell.cjs", "--bundle", "--platform=node", "--loader:.node=copy"]);
        place.run("esbuild", bundle.arg(format!("--outdir={}", bundled.display())))?;
        // Without the package: all that it needs is in the bundle.
        std::fs::rename(folder.join("node_modules"), folder.join("not_found"))?;
        Ok(node(bundled.join("sell.js")))
    });
}

/// Installs the packages from their files, with no network.
fn install(place: &Place, folder: &Path) -> Result<()> {
    let mut install = place.command(Path::new("npm"));
    install.current_dir(folder).args(["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error"]);
    let mut packages =
        std::fs::read_dir(folder.join("packed"))?.map(|x| Ok(x?.path())).collect::<Result<Vec<_>>>()?;
    packages.sort();
    place.run("npm", install.args(packages))?;
    Ok(())
}

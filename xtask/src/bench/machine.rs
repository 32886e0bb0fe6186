//! The machine that a table was made on.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::tree::Tree;

use super::table::{median, nanoseconds};

const SYNCS: u64 = 200;
const BLOCK: [u8; 4096] = [7; 4096];

/// As the head of the table.
pub fn told(tree: &Tree) -> Result<String> {
    let mut text = String::from("| machine | |\n|---|---|\n");
    let mut line = |name: &str, value: String| text.push_str(&format!("| {name} | {value} |\n"));
    let processors = of_file("/proc/cpuinfo", "model name");
    line("processor", format!("{}, {} cores", processors, std::thread::available_parallelism()?));
    line("memory", of_file("/proc/meminfo", "MemTotal"));
    line("kernel", said("uname", &["-srm"]));
    line("load before the end", std::fs::read_to_string("/proc/loadavg")?.trim().to_string());
    let folder = tree.target.to_string_lossy();
    line("file system of `target/`", said("stat", &["-f", "-c", "%T", &folder]));
    line("fdatasync of 4 KiB, written over", nanoseconds(fdatasync(tree)?));
    line("Rust", said("rustc", &["--version"]));
    line("C", said("gcc", &["--version"]));
    line("Python", said("python3", &["--version"]));
    line("Go", said("go", &["version"]));
    line("Node", said("node", &["--version"]));
    line("Java (makes the peers)", said("java", &["-version"]));
    Ok(text)
}

/// The median of many, on the disk that the journals lie on.
fn fdatasync(tree: &Tree) -> Result<f64> {
    let file = File::create(tree.fresh("bench-fdatasync")?.join("file"))?;
    for block in 0..SYNCS {
        file.write_all_at(&BLOCK, block * BLOCK.len() as u64)?;
    }
    file.sync_all()?;
    let mut times = Vec::new();
    for block in 0..SYNCS {
        let begun = Instant::now();
        file.write_all_at(&BLOCK, block * BLOCK.len() as u64)?;
        file.sync_data()?;
        times.push(begun.elapsed().as_nanos() as f64);
    }
    Ok(median(&times))
}

fn of_file(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix(':'));
    value.unwrap_or("not known").trim().to_string()
}

/// The first line of what a program says of itself.
fn said(program: &str, arguments: &[&str]) -> String {
    let Ok(output) = Command::new(program).args(arguments).output() else { return "not there".to_string() };
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_string()
}

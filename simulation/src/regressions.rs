//! Seeds that once broke something, kept in a file and run before all others.
//!
//! A seed means a history only together with the generator that draws it, so each line names that: a change which makes seeds
//! mean other histories raises `GENERATOR`, and a new fault changes the name by itself. A line of another generator is run
//! all the same, and costs a few milliseconds; but it is one more history now and no longer the one that failed. What a
//! failure taught belongs into a test of its own beside the code that was mended.
//!
//! ```text
//! generator  seed  what broke then
//! 2-0a1b2c3d 4711  I4: S3 is succeeded, and the gateway last said None
//! ```

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use tillgate_simulation::history::generator;

/// The file's first line.
const FIRST_LINE: &str = "# generator, seed, what broke then; simulation/src/regressions.rs says more";

/// The seeds of a file, those of other generators too.
pub fn read(file: &Path) -> io::Result<Vec<u64>> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let (seeds, outdated) = parse(&text, &generator()).map_err(io::Error::other)?;
    if outdated > 0 {
        println!("{outdated} of {} kept seeds are of another generator", seeds.len());
    }
    Ok(seeds)
}

/// Adds seeds that failed and do not stand there yet.
pub fn keep(file: &Path, broken: &[(u64, Vec<String>)]) -> io::Result<()> {
    let kept = read(file)?;
    let mut new = broken.iter().filter(|(seed, _)| !kept.contains(seed)).peekable();
    if new.peek().is_none() {
        return Ok(());
    }
    let is_new = !file.exists();
    let mut text = fs::OpenOptions::new().append(true).create(true).open(file)?;
    if is_new {
        writeln!(text, "{FIRST_LINE}")?;
    }
    for (seed, broken) in new {
        let what: String = broken[0].replace('\n', " ").chars().take(160).collect();
        writeln!(text, "{} {seed} {what}", generator())?;
    }
    println!("seeds that failed were added to {}", file.display());
    Ok(())
}

/// The seeds, and how many are of another generator than this.
fn parse(text: &str, generator: &str) -> Result<(Vec<u64>, usize), String> {
    let (mut seeds, mut outdated) = (Vec::new(), 0);
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let mut words = line.split_whitespace();
        let (Some(drawn_by), Some(Ok(seed))) = (words.next(), words.next().map(str::parse)) else {
            return Err(format!("{line:?} does not name a generator and a seed"));
        };
        outdated += usize::from(drawn_by != generator);
        seeds.push(seed);
    }
    Ok((seeds, outdated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_of_every_generator_are_run_and_outdated_ones_are_counted() {
        let text = "# words\n2-a 7 I4: S1 is wrong\n1-a 9 I1\n\n";
        assert_eq!(parse(text, "2-a"), Ok((vec![7, 9], 1)));
        assert!(parse("2-a seven", "2-a").is_err());
    }

    #[test]
    fn a_seed_that_failed_is_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("regressions");
        assert_eq!(read(&file).unwrap(), Vec::<u64>::new());
        let broken = [(4711, vec!["I4: S3\nis wrong".to_string()])];
        keep(&file, &broken).unwrap();
        keep(&file, &broken).unwrap();
        assert_eq!(read(&file).unwrap(), [4711]);
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text, format!("{FIRST_LINE}\n{} 4711 I4: S3 is wrong\n", generator()));
    }
}

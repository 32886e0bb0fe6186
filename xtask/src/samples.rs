//! The code that the READMEs show is code that runs: each block is a marked part of an example, word for word.
//!
//! A part stands between a comment `sample: NAME` and a comment `sample ends`. A block of code says above itself, in a comment
//! of Markdown, which part it is: `<!-- sample: examples/python/sell.py sell -->`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::report::Tally;
use crate::tree::Tree;

/// Where code is shown.
const PAGES: [&str; 8] = [
    "README.md",
    "bindings-c/README.md",
    "bindings-node/README.md",
    "bindings-python/README.md",
    "bindings-kotlin/README.md",
    "examples/README.md",
    "docs/reliable-orders.md",
    "docs/callbacks.md",
];
/// Where examples stand.
const FOLDERS: [&str; 8] = [
    "examples/c",
    "examples/cpp",
    "examples/kotlin",
    "examples/node",
    "examples/node/web",
    "examples/python",
    "examples/python/web",
    "examples/rust",
];
/// What is written in a language that the examples have.
const LANGUAGES: [&str; 6] = ["c", "cpp", "js", "kotlin", "python", "rust"];
const BEGINS: &str = "sample: ";
const ENDS: &str = "sample ends";

/// A block of code on a page.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    /// The line of its fence, from 1.
    line: usize,
    /// The file and the name of the part that it says it is.
    sample: Option<(String, String)>,
    code: String,
}

/// Compares every block with its part. A part that nobody shows has no reason to be marked.
pub fn check(tree: &Tree) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut shown = BTreeSet::new();
    for page in PAGES {
        for block in blocks(&read(tree, page)?) {
            let result = compare(tree, &block);
            if let Err(error) = &result {
                println!("   {page}:{}: {error:#}", block.line);
            }
            tally.count(result.is_ok());
            shown.extend(block.sample);
        }
    }
    for folder in FOLDERS {
        for entry in std::fs::read_dir(tree.root.join(folder))? {
            let path = entry?.path();
            if path.is_file() {
                let file = tree.told(&path).to_string();
                for name in marked(&read(tree, &file)?) {
                    if !shown.contains(&(file.clone(), name.clone())) {
                        println!("   {file}: no page shows {name}");
                        tally.count(false);
                    }
                }
            }
        }
    }
    Ok(tally)
}

fn compare(tree: &Tree, block: &Block) -> Result<()> {
    let Some((file, name)) = &block.sample else {
        bail!("it does not say above itself which part of which example it is");
    };
    let part = part(&read(tree, file)?, name).with_context(|| format!("{file} has no part {name}"))?;
    for (number, (shown, real)) in block.code.lines().zip(part.lines()).enumerate() {
        if shown != real {
            bail!("line {} is {shown:?}, and in {file} it is {real:?}", number + 1);
        }
    }
    if block.code != part {
        bail!("it has {} lines, and in {file} {}", block.code.lines().count(), part.lines().count());
    }
    Ok(())
}

fn read(tree: &Tree, file: &str) -> Result<String> {
    std::fs::read_to_string(tree.root.join(Path::new(file))).with_context(|| format!("{file} cannot be read"))
}

/// The blocks of a page that are code in one of the examples' languages.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let (mut sample, mut lines) = (None, page.lines().enumerate());
    while let Some((number, line)) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let code: String = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| *line != "```")
                .fold(String::new(), |code, line| code + line + "\n");
            if LANGUAGES.contains(&language) {
                blocks.push(Block { line: number + 1, sample: sample.take(), code });
            }
        } else if let Some(told) = line.strip_prefix("<!-- sample: ") {
            let told = told.strip_suffix(" -->").and_then(|told| told.split_once(' '));
            sample = told.map(|(file, name)| (file.to_string(), name.to_string()));
        } else if !line.is_empty() {
            sample = None;
        }
    }
    blocks
}

/// What a comment of an example's language says, if the line is one.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim();
    let said = line
        .strip_prefix("# ")
        .or_else(|| line.strip_prefix("// "))
        .or_else(|| line.strip_prefix("/* ").and_then(|line| line.strip_suffix(" */")));
    said.map(str::trim)
}

/// The names of the parts of an example.
fn marked(example: &str) -> Vec<String> {
    let names = example.lines().filter_map(comment).filter_map(|said| said.strip_prefix(BEGINS));
    names.map(str::to_string).collect()
}

/// A part of an example, as far to the left as it goes and without blank lines around it.
fn part(example: &str, name: &str) -> Option<String> {
    let begins = |line: &&str| comment(line).and_then(|said| said.strip_prefix(BEGINS)) == Some(name);
    let mut lines: Vec<&str> = example.lines().skip_while(|line| !begins(line)).skip(1).collect();
    let end = lines.iter().position(|line| comment(line) == Some(ENDS))?;
    lines.truncate(end);
    let indent = lines
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()?;
    let text: Vec<&str> = lines.iter().map(|line| line.get(indent..).unwrap_or_default()).collect();
    Some(text.join("\n").trim_matches('\n').to_string() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "\
int main(void)
{
    /* sample: sell */
    buy();

    if (bought) {
        tell();
    }
    /* sample ends */
}
";

    #[test]
    fn a_part_is_what_stands_between_its_marks() {
        assert_eq!(part(EXAMPLE, "sell").unwrap(), "buy();\n\nif (bought) {\n    tell();\n}\n");
        assert_eq!(part(EXAMPLE, "open"), None);
        assert_eq!(part("# sample: open\nwithout an end\n", "open"), None);
        assert_eq!(marked(EXAMPLE), ["sell"]);
        assert_eq!(part("    # sample: a\n    x = 1\n    # sample ends\n", "a").unwrap(), "x = 1\n");
    }

    #[test]
    fn a_block_knows_its_part_from_the_line_above() {
        let page = "\
Words.

<!-- sample: examples/c/sell.c sell -->
```c
buy();
```

```
cargo run
```

<!-- sample: examples/c/sell.c sell -->
Words between.

```python
buy()
```
";
        let sample = Some(("examples/c/sell.c".to_string(), "sell".to_string()));
        let blocks = blocks(page);
        assert_eq!(blocks[0], Block { line: 4, sample, code: "buy();\n".to_string() });
        assert_eq!((blocks[1].line, &blocks[1].sample), (15, &None));
        assert_eq!(blocks.len(), 2);
    }

    #[test]
    fn a_block_that_has_drifted_is_found() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::write(path("sell.c"), EXAMPLE).unwrap();
        let tree = Tree {
            root: root.path().into(),
            target: path("target"),
            built: path("target/debug"),
            work: path("target/xtask"),
            compiled: None,
        };
        let block = |code: &str| Block {
            line: 1,
            sample: Some(("sell.c".into(), "sell".into())),
            code: code.to_string(),
        };
        let same = "buy();\n\nif (bought) {\n    tell();\n}\n";
        compare(&tree, &block(same)).unwrap();
        for other in [same.replace("buy", "sell"), same.replace("tell();\n", ""), format!("{same}more();\n")]
        {
            compare(&tree, &block(&other)).unwrap_err();
        }
        compare(&tree, &Block { sample: None, ..block(same) }).unwrap_err();
    }
}

//! Docs of core as docstrings.

/// The longest line of generated Python, as in its `pyproject.toml`.
pub const WIDTH: usize = 110;

/// A named part of a docstring (`Attributes:`), with an entry per name.
pub struct Section {
    pub title: &'static str,
    pub entries: Vec<(String, String)>,
}

/// A docstring at this indentation, with its quotes and without the first line's indentation.
pub fn docstring(docs: &str, sections: &[Section], indent: usize) -> String {
    let mut lines = Vec::new();
    paragraphs(docs, indent, &mut lines);
    for section in sections.iter().filter(|section| !section.entries.is_empty()) {
        lines.extend([String::new(), format!("{}:", section.title)]);
        for (name, text) in &section.entries {
            let text = plain(text).split_whitespace().collect::<Vec<_>>().join(" ");
            wrap(&format!("{name}: {text}"), indent + 4, "    ", "        ", &mut lines);
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    let margin = " ".repeat(indent);
    let quoted = |line: &String| line.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    let lines: Vec<_> = lines.iter().map(quoted).collect();
    if lines.len() == 1 && indent + lines[0].len() + 6 <= WIDTH && !lines[0].ends_with('"') {
        return format!("\"\"\"{}\"\"\"", lines[0]);
    }
    let mut text = format!("\"\"\"{}\n", lines[0]);
    for line in &lines[1..] {
        if line.is_empty() {
            text.push('\n');
        } else {
            text.push_str(&format!("{margin}{line}\n"));
        }
    }
    text + &margin + "\"\"\""
}

/// Links of rustdoc, without the brackets.
fn plain(docs: &str) -> String {
    docs.replace("[`", "`").replace("`]", "`")
}

/// Paragraphs wrapped to the width; lists and code stay as they are.
fn paragraphs(docs: &str, indent: usize, lines: &mut Vec<String>) {
    let docs = plain(docs);
    let mut code = false;
    let mut open = String::new();
    let flush = |open: &mut String, lines: &mut Vec<String>| {
        if !open.is_empty() {
            // The first line follows the quotes.
            let quotes = if lines.is_empty() { "   " } else { "" };
            let first = lines.len();
            wrap(open, indent, quotes, if is_item(open) { "  " } else { "" }, lines);
            lines[first].drain(..quotes.len());
            open.clear();
        }
    };
    for line in docs.trim().lines() {
        let text = line.trim();
        if text.starts_with("```") || code || text.is_empty() {
            flush(&mut open, lines);
            code ^= text.starts_with("```");
            lines.push(line.trim_end().to_string());
            continue;
        }
        if is_item(text) || text.starts_with('|') || text.starts_with('#') {
            flush(&mut open, lines);
        }
        if !open.is_empty() {
            open.push(' ');
        }
        open.push_str(text);
    }
    flush(&mut open, lines);
}

fn is_item(text: &str) -> bool {
    text.starts_with("- ") || text.starts_with("* ")
}

fn wrap(text: &str, indent: usize, first: &str, next: &str, lines: &mut Vec<String>) {
    let mut line = first.to_string();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && indent + line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, next.to_string()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_one_line() {
        assert_eq!(docstring("Buys [`Thing`].", &[], 4), "\"\"\"Buys `Thing`.\"\"\"");
    }

    #[test]
    fn no_line_is_too_long_and_no_word_is_lost() {
        let docs = "word ".repeat(200);
        let text = docstring(
            &docs,
            &[Section { title: "Attributes", entries: vec![("a".into(), docs.clone())] }],
            8,
        );
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(text.matches("word").count(), 400);
    }

    #[test]
    fn nothing_ends_the_docstring_early() {
        assert_eq!(docstring("a \"\"\" b \\", &[], 0), "\"\"\"a \\\"\\\"\\\" b \\\\\"\"\"");
    }
}

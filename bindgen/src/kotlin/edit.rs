//! What is changed in UniFFI's output. Each change names what it expects and how often: a new version of UniFFI that writes
//! anything else ends the run instead of slipping through.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

use crate::ir::Interface;
use crate::words::all_docs;

use super::{facts, kdoc, linked, records};

/// Generated Kotlin while it is changed.
pub struct Source(String);

impl Source {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    pub fn text(self) -> String {
        self.0
    }

    /// Replaces what must be there exactly so many times.
    fn replace(&mut self, from: &str, to: &str, times: usize) -> Result<()> {
        let found = self.0.matches(from).count();
        ensure!(found == times, "UniFFI wrote {found} times, and not {times} times:\n{from}");
        self.0 = self.0.replace(from, to);
        Ok(())
    }

    /// Replaces it once, after the only place where `after` stands.
    fn replace_after(&mut self, after: &str, from: &str, to: &str) -> Result<()> {
        ensure!(self.0.matches(after).count() == 1, "UniFFI did not write once:\n{after}");
        let begin = self.0.find(after).unwrap_or_default() + after.len();
        let Some(at) = self.0[begin..].find(from).map(|at| begin + at) else {
            anyhow::bail!("UniFFI did not write after {after:?}:\n{from}");
        };
        self.0.replace_range(at..at + from.len(), to);
        Ok(())
    }

    /// What stands between two texts, or after the first one to the end.
    fn part(&self, from: &str, to: &str) -> &str {
        let rest = self.0.split_once(from).map_or("", |(_, rest)| rest);
        rest.split_once(to).map_or(rest, |(part, _)| part)
    }

    /// Removes what lies between two texts, the first of them too.
    fn remove_between(&mut self, from: &str, to: &str) -> Result<()> {
        ensure!(self.0.matches(from).count() == 1, "UniFFI did not write once:\n{from}");
        let begin = self.0.find(from).unwrap_or_default();
        let Some(end) = self.0[begin..].find(to).map(|end| begin + end) else {
            anyhow::bail!("UniFFI did not write after {from:?}:\n{to}");
        };
        self.0.replace_range(begin..end, "");
        Ok(())
    }
}

/// Changes all that is to be changed. `spoken` is the interface with its docs in Kotlin's words.
pub fn all(source: &mut Source, interface: &Interface, spoken: &Interface) -> Result<()> {
    words(source, &all_docs(interface), &all_docs(spoken))?;
    let interface = spoken;
    origin(source)?;
    library(source)?;
    error(source, interface)?;
    failures(source, interface)?;
    objects(source, interface)?;
    for (name, to_string) in records::shown_in_part(interface) {
        let before = "    companion object\n}";
        let after = format!("{to_string}{before}");
        source.replace_after(&format!("\ndata class {name} ("), before, &after)?;
    }
    source.0 = source.0.lines().map(tidied).collect();
    ensure!(
        source.0.matches("/*").count() == source.0.matches("*/").count(),
        "a comment in the docs of core would comment out what follows it in Kotlin"
    );
    Ok(())
}

/// A line without blanks at its end; of docs, with links as Kotlin has them, and with what is documented on a line of its own.
fn tidied(line: &str) -> String {
    let code = line.trim_start();
    let margin = &line[..line.len() - code.len()];
    match code.strip_prefix("*/").map(str::trim) {
        Some(documented) if !documented.is_empty() => {
            format!("{margin}*/\n{}{documented}\n", margin.trim_end_matches(' '))
        }
        _ if code.starts_with("* ") && code.trim_end() != "* */" => format!("{}\n", linked(line).trim_end()),
        _ => format!("{}\n", line.trim_end()),
    }
}

/// What core's docs say in `from`, each in the words of `to`: a comment is found by all that it says.
fn words(source: &mut Source, from: &[String], to: &[String]) -> Result<()> {
    let mut words = BTreeMap::new();
    for (from, to) in from.iter().zip(to).filter(|(from, to)| from != to) {
        let before = words.insert(from.as_str(), to.as_str());
        ensure!(before.is_none_or(|before| before == to), "the same docs mean different things:\n{from}");
    }
    let mut unseen: BTreeSet<&str> = words.keys().copied().collect();
    let (mut text, mut comment) = (String::new(), None::<Vec<&str>>);
    for line in source.0.lines() {
        let code = line.trim();
        match &mut comment {
            Some(lines) if code.starts_with("*/") => {
                let said = lines.iter().map(|line| said(line)).collect::<Vec<_>>().join("\n");
                let (said, wire) = match said.rfind(WIRE_TEXT) {
                    Some(at) => said.split_at(at),
                    None => (said.as_str(), ""),
                };
                match words.get(said.trim()) {
                    Some(to) => {
                        unseen.remove(said.trim());
                        let margin = &line[..line.len() - line.trim_start().len()];
                        let gap = if wire.is_empty() { "" } else { "\n\n" };
                        for line in format!("{to}{gap}{wire}").lines() {
                            text += &format!("{}\n", format!("{margin}* {line}").trim_end());
                        }
                    }
                    None => lines.iter().for_each(|line| text += &format!("{line}\n")),
                }
                text += &format!("{line}\n");
                comment = None;
            }
            Some(lines) => lines.push(line),
            None => {
                text += &format!("{line}\n");
                comment = (code == "/**").then(Vec::new);
            }
        }
    }
    ensure!(unseen.is_empty(), "UniFFI did not write these docs as core has them: {unseen:?}");
    source.0 = text;
    Ok(())
}

/// What begins the last line of the docs of open enumerations' values, which the interface keeps apart.
const WIRE_TEXT: &str = "Wire text: `";

/// A line of a comment without its star.
fn said(line: &str) -> &str {
    let line = line.trim();
    let text = line.strip_prefix('*').unwrap_or(line);
    text.strip_prefix(' ').unwrap_or(text)
}

/// Says where the file comes from. The compiler's advice on it would be advice to UniFFI.
fn origin(source: &mut Source) -> Result<()> {
    source.replace(
        "// This file was autogenerated by some hot garbage in the `uniffi` crate.\n// Trust me, you don't want to mess with it!\n",
        "// Generated by UniFFI and tillgate-bindgen from the interface of core. Do not edit.\n",
        1,
    )?;
    source.replace(
        "@file:Suppress(\"NAME_SHADOWING\")",
        "@file:Suppress(\"warnings\", \"NAME_SHADOWING\")",
        1,
    )
}

/// The library is loaded by us, since we can say what to do when it is not there.
fn library(source: &mut Source) -> Result<()> {
    source.replace("Native.register(", "registerNative(", 2)?;
    // One that hears the end of each call is called by the threads of the library's runtime, and stays known to the JVM: to
    // make a thread known and to forget it again, for each call, takes longer than most calls.
    source.replace(
        "internal object uniffiRustFutureContinuationCallbackImpl: UniffiRustFutureContinuationCallback {\n",
        "internal object uniffiRustFutureContinuationCallbackImpl: UniffiRustFutureContinuationCallback {\n    init {\n        keepCallingThreads(this)\n    }\n\n",
        1,
    )
}

/// One error type, with its facts as properties, the same names in every language.
fn error(source: &mut Source, interface: &Interface) -> Result<()> {
    let mut members = String::from("sealed class TillgateException: kotlin.Exception() {\n");
    members += &kdoc("The facts.", 4);
    members += "    abstract val details: ErrorDetails\n\n";
    members += &kdoc("The name of the kind in snake_case, the same in every language.", 4);
    members += "    abstract val code: kotlin.String\n\n";
    members += &kdoc("The same as a number.", 4);
    members += "    abstract val number: kotlin.Int\n\n";
    for (name, ty, docs) in facts(interface) {
        members += &kdoc(docs, 4);
        members += &format!("    val {name}: {ty} get() = details.{name}\n\n");
    }
    members += &kdoc("What went wrong, what happened to the money and what to do now, in one line.", 4);
    members += "    override val message: kotlin.String get() = messageOf(code, details)\n";
    source.replace("sealed class TillgateException: kotlin.Exception() {\n", &members, 1)?;
    let kinds = &interface.error.variants;
    let told = "        override val message\n            get() = \"details=${ `details` }\"\n";
    source.replace(
        "        val `details`: ErrorDetails\n",
        "        override val `details`: ErrorDetails\n",
        kinds.len(),
    )?;
    // In the order of the source, which is the order in which they stand.
    ensure!(source.0.matches(told).count() == kinds.len(), "UniFFI gives errors other messages than it did");
    for kind in kinds {
        let number = kind.number.unwrap_or_default();
        let code = format!(
            "        override val code: kotlin.String get() = \"{}\"\n        override val number: kotlin.Int get() = {number}\n",
            kind.wire
        );
        let after = format!("\n    class {}(\n", kind.name);
        source.replace_after(&after, told, &code)?;
    }
    Ok(())
}

/// Panics, and calls of what was closed, arrive as the one error type.
fn failures(source: &mut Source, interface: &Interface) -> Result<()> {
    source.replace(
        "throw InternalException(FfiConverterString.lift(status.error_buf))",
        "throw panicked(FfiConverterString.lift(status.error_buf))",
        1,
    )?;
    source.replace("throw InternalException(\"Rust panic\")", "throw panicked(\"without a text\")", 1)?;
    source.replace(
        "throw InternalException(\"Unknown rust call status: $status.code\")",
        "throw panicked(\"with the unknown status ${status.code}\")",
        1,
    )?;
    source.replace(
        "throw IllegalStateException(\"${this.javaClass.simpleName} object has already been destroyed\")",
        "throw wasClosed(this)",
        interface.objects.len(),
    )
}

/// Objects are closed as Java's are, and secrets are not seen.
fn objects(source: &mut Source, interface: &Interface) -> Result<()> {
    // It closes nothing but the handle, and swallows errors; Kotlin's own `use` serves all that has `close`.
    source.remove_between(
        "/**\n * @suppress\n */\ninline fun <T : Disposable?, R> T.use(block: (T) -> R) =",
        "/** \n * Placeholder object used to signal",
    )?;
    // An object that is passed on may have been closed. UniFFI would hand over the handle that it had, to memory that is free.
    source.replace(
        "        return value.uniffiCloneHandle()\n",
        "        return value.callWithHandle { it }\n",
        interface.objects.len(),
    )?;
    for object in &interface.objects {
        let class = format!("\nopen class {}: Disposable, AutoCloseable, ", object.name);
        if object.methods.iter().any(|method| method.name == "close" && method.is_async) {
            ensure!(
                source.part(&class, "\nopen class ").contains("suspend fun `shutDown`()"),
                "uniffi.toml must rename {}.close, as it does that of others",
                object.name
            );
            source.replace_after(
                &class,
                "    @Synchronized\n    override fun close() {\n        this.destroy()\n    }\n",
                &format!(
                    "{}    override fun close() {{\n        closeBlocking(this, wasDestroyed.get()) {{ shutDown() }}\n    }}\n",
                    kdoc("Does what [shutDown] does, and waits for it on this very thread; then lets go of the native object. Closing again does nothing.", 4),
                ),
            )?;
        }
        if object.name == "Secret" {
            source.replace_after(
                &class,
                "    protected val handle: Long\n",
                "    override fun toString(): kotlin.String = \"***\"\n\n    protected val handle: Long\n",
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_uniffi_does_not_write_as_expected_ends_the_run() {
        let mut source = Source::new("class A {\n}\nclass B {\n}\n".to_string());
        source.replace("class A", "open class A", 1).unwrap();
        assert!(source.replace("class", "object", 1).is_err());
        assert!(source.replace_after("class B", "fun", "val").is_err());
        assert!(source.replace_after("class", "}", "").is_err());
        source.replace_after("class B", "}", "// end\n}").unwrap();
        source.remove_between("open class A", "class B").unwrap();
        assert_eq!(source.text(), "class B {\n// end\n}\n");
    }

    #[test]
    fn docs_are_put_into_other_words_wherever_they_stand() {
        let docs =
            |said: &str| format!("    /**\n     * See `{said}`.\n     *\n     * More.\n     */\n    val a\n");
        let mut source = Source::new(format!("{}/**\n * Mine: `a_b`.\n */\n{}", docs("a_b"), docs("a_b")));
        let (from, to) = (["See `a_b`.\n\nMore.".to_string()], ["See `aB`.\n\nMore.".to_string()]);
        words(&mut source, &from, &to).unwrap();
        assert_eq!(source.0, format!("{}/**\n * Mine: `a_b`.\n */\n{}", docs("aB"), docs("aB")));
        assert!(words(&mut source, &from, &to).is_err());
    }

    #[test]
    fn the_text_of_a_value_stays_below_its_docs() {
        let mut source = Source::new(" /**\n  * As `a_b`.\n  *\n  * Wire text: `a_b`\n  */\n".to_string());
        words(&mut source, &["As `a_b`.".to_string()], &["As `aB`.".to_string()]).unwrap();
        assert_eq!(source.text(), " /**\n  * As `aB`.\n  *\n  * Wire text: `a_b`\n  */\n");
    }

    #[test]
    fn what_is_documented_stands_below_its_docs() {
        assert_eq!(tidied("     */override fun a()  "), "     */\noverride fun a()\n");
        assert_eq!(tidied("   * of [`A`], `b/*` "), "   * of [A], `b/&#42;`\n");
        assert_eq!(tidied(" * */"), " * */\n");
    }
}

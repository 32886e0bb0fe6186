//! The record of the binary interface: where each member of each struct lies, the value of each constant, and each function. One file
//! per release, kept for ever: what is in one may not be otherwise in a later one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;

use super::types::{CType, Member, SIZE, TAG};

/// Where pointers have 64 bits; elsewhere the same rules hold, with other numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    structs: BTreeMap<String, Structure>,
    aliases: BTreeMap<String, String>,
    constants: BTreeMap<String, i64>,
    functions: BTreeMap<String, String>,
    handles: BTreeSet<String>,
    doubles: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Structure {
    size: usize,
    /// Whether it begins with its size, so that it may grow.
    grows: bool,
    /// Offset, and the declaration with the name at its end.
    members: Vec<(usize, String)>,
}

impl Layout {
    pub fn structure<'m>(&mut self, name: &str, members: impl IntoIterator<Item = &'m Member>) {
        let structure = lay_out(members, true);
        self.note_double(name);
        self.structs.insert(name.to_string(), structure);
    }

    pub fn fixed_structure<'m>(&mut self, name: &str, members: impl IntoIterator<Item = &'m Member>) {
        let structure = lay_out(members, false);
        self.note_double(name);
        self.structs.insert(name.to_string(), structure);
    }

    pub fn alias(&mut self, name: &str, of: &str) {
        self.note_double(name);
        self.aliases.insert(name.to_string(), of.to_string());
    }

    pub fn handle(&mut self, name: &str) {
        self.note_double(name);
        self.handles.insert(name.to_string());
    }

    pub fn constant(&mut self, name: &str, value: i64) {
        self.note_double(name);
        self.constants.insert(name.to_string(), value);
    }

    pub fn function(&mut self, name: &str, returns: &str, parameters: &[String]) {
        self.note_double(name);
        let space = if returns.ends_with('*') { "" } else { " " };
        let parameters = if parameters.is_empty() { "void".to_string() } else { parameters.join(", ") };
        self.functions.insert(name.to_string(), format!("{returns}{space}{name}({parameters})"));
    }

    /// What is written by hand.
    pub fn add_fixed(&mut self) {
        let text = |name: &str| Member::new(name, CType::Text);
        let array = |name: &str, of: CType| Member::new(name, CType::Array(Box::new(of)));
        let byte = CType::Plain { rust: "u8", c: "uint8_t", size: 1 };
        self.fixed_structure("tg_open", &[Member::new("tag", TAG), text("text")]);
        self.fixed_structure("tg_pair", &[text("key"), text("value")]);
        self.fixed_structure("tg_pair_list", &[array("items", CType::Pair), Member::new("items_len", SIZE)]);
        self.fixed_structure("tg_bytes", &[array("data", byte), Member::new("data_len", SIZE)]);
        self.constant("TG_OK", 0);
        for (number, level) in ["ERROR", "WARNING", "INFO", "DEBUG", "TRACE"].iter().enumerate() {
            self.constant(&format!("TG_LOG_{level}"), number as i64 + 1);
        }
        let log = ["tg_log_function log", "void *user_data", "int32_t level_max"];
        self.function("tg_log_set", "void", &log.map(String::from));
        self.function("tg_abi_version", "uint32_t", &[]);
        self.function("tg_version", "const char *", &[]);
        let shut_down = ["uint64_t patience_ms", "tg_error **error"];
        self.function("tg_shut_down", "int32_t", &shut_down.map(String::from));
        self.function("tg_string_free", "void", &["char *text".to_string()]);
        self.function("tg_bytes_free", "void", &["tg_bytes *bytes".to_string()]);
        self.function("tg_pair_list_free", "void", &["tg_pair_list *pairs".to_string()]);
        self.function("tg_open_free", "void", &["tg_open *value".to_string()]);
    }

    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    /// Where a member stands in a struct, counted from 0.
    pub fn position(&self, structure: &str, member: &str) -> Option<usize> {
        self.structs
            .get(structure)?
            .members
            .iter()
            .position(|(_, declaration)| name_in(declaration) == member)
    }

    /// C has one room for all names.
    pub fn check_names(&self) -> Result<()> {
        if self.doubles.is_empty() {
            return Ok(());
        }
        bail!("names that would mean two things in C: {}", self.doubles.join(", "))
    }

    /// Whether everything of an older release is still there, and where it was.
    pub fn check_against(&self, older: &Self) -> Result<()> {
        let mut faults = Vec::new();
        for (name, was) in &older.structs {
            match self.structs.get(name) {
                None => faults.push(format!("the struct {name} is gone")),
                Some(is) if !was.grows && is != was => {
                    faults.push(format!("the struct {name} may not change"))
                }
                Some(is) if is.members.get(..was.members.len()) != Some(&was.members[..]) => {
                    faults.push(format!("the struct {name} has changed other than by growing at its end"));
                }
                Some(_) => {}
            }
        }
        let mut compare = |what: &str, was: &BTreeMap<String, String>, is: &BTreeMap<String, String>| {
            for (name, old) in was {
                match is.get(name) {
                    None => faults.push(format!("the {what} {name} is gone")),
                    Some(new) if new != old => {
                        faults.push(format!("the {what} {name} was `{old}` and is `{new}`"))
                    }
                    Some(_) => {}
                }
            }
        };
        let texts =
            |all: &BTreeMap<String, i64>| all.iter().map(|(k, v)| (k.clone(), v.to_string())).collect();
        compare("alias", &older.aliases, &self.aliases);
        compare("function", &older.functions, &self.functions);
        compare("constant", &texts(&older.constants), &texts(&self.constants));
        faults
            .extend(older.handles.difference(&self.handles).map(|name| format!("the handle {name} is gone")));
        if faults.is_empty() {
            return Ok(());
        }
        bail!("programs built against an older release would break:\n  {}", faults.join("\n  "))
    }

    /// The file of the release.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# Generated by tillgate-bindgen from the interface of core. Do not edit; a released file is kept for ever.\n\
             # Sizes and offsets where pointers have 64 bits. `struct` may grow at its end, `fixed` may not.\n",
        );
        for (name, value) in &self.constants {
            let _ = writeln!(text, "constant {name} {value}");
        }
        for (name, of) in &self.aliases {
            let _ = writeln!(text, "alias {name} {of}");
        }
        for name in &self.handles {
            let _ = writeln!(text, "handle {name}");
        }
        for (name, structure) in &self.structs {
            let _ = writeln!(
                text,
                "{} {name} {}",
                if structure.grows { "struct" } else { "fixed" },
                structure.size
            );
            for (offset, declaration) in &structure.members {
                let _ = writeln!(text, "    {offset} {declaration}");
            }
        }
        for (name, declaration) in &self.functions {
            let _ = writeln!(text, "function {name} {declaration}");
        }
        text
    }

    /// Reads what [`Layout::text`] wrote.
    pub fn parse(text: &str) -> Result<Self> {
        let mut layout = Self::default();
        let mut current: Option<String> = None;
        for (number, line) in text.lines().enumerate() {
            let fault = || format!("line {} is not understood: {line}", number + 1);
            if line.starts_with('#') || line.is_empty() {
                continue;
            }
            if let Some(member) = line.strip_prefix("    ") {
                let (offset, declaration) = member.split_once(' ').with_context(fault)?;
                let structure =
                    current.as_ref().and_then(|name| layout.structs.get_mut(name)).with_context(fault)?;
                structure.members.push((offset.parse().with_context(fault)?, declaration.to_string()));
                continue;
            }
            let mut words = line.splitn(3, ' ');
            let (kind, name) =
                (words.next().with_context(fault)?, words.next().with_context(fault)?.to_string());
            let rest = words.next().unwrap_or_default();
            match kind {
                "constant" => drop(layout.constants.insert(name, rest.parse().with_context(fault)?)),
                "alias" => drop(layout.aliases.insert(name, rest.to_string())),
                "handle" => drop(layout.handles.insert(name)),
                "function" => drop(layout.functions.insert(name, rest.to_string())),
                "struct" | "fixed" => {
                    let size = rest.parse().with_context(fault)?;
                    let structure = Structure { size, grows: kind == "struct", members: Vec::new() };
                    layout.structs.insert(name.clone(), structure);
                    current = Some(name);
                }
                _ => bail!(fault()),
            }
        }
        Ok(layout)
    }

    /// A C program that compiles only if the header agrees, and links only if the library does.
    pub fn test_program(&self) -> String {
        let mut text = String::from(
            "/* Generated by tillgate-bindgen from the interface of core. Do not edit. */\n\
             /* Compiles only if each member lies where bindings-c/layout says, and links only with every function of it. */\n\
             #include <stddef.h>\n#include \"tillgate.h\"\n\n\
             #define HOLDS(name, condition) typedef char name[(condition) ? 1 : -1]\n\n",
        );
        for (name, structure) in &self.structs {
            let _ = writeln!(
                text,
                "HOLDS({name}_has_its_size, sizeof(void *) != 8 || sizeof({name}) == {});",
                structure.size
            );
            for (offset, declaration) in &structure.members {
                let member = name_in(declaration);
                let _ = writeln!(
                    text,
                    "HOLDS({name}_{member}_is_in_place, sizeof(void *) != 8 || offsetof({name}, {member}) == {offset});"
                );
            }
        }
        for (name, value) in &self.constants {
            let _ = writeln!(text, "HOLDS({name}_is_as_ever, {name} == {value});");
        }
        // So that the program can be linked only if all of them are there.
        text.push_str("\ntypedef void (*function)(void);\n\nstatic const function functions[] = {\n");
        for name in self.functions.keys() {
            let _ = writeln!(text, "    (function){name},");
        }
        text.push_str(
            "};\n\nint main(void) {\n  size_t i;\n  for (i = 0; i < sizeof functions / sizeof functions[0]; i++) {\n    \
             if (functions[i] == NULL) {\n      return 1;\n    }\n  }\n  return 0;\n}\n",
        );
        text
    }

    fn note_double(&mut self, name: &str) {
        let taken = self.structs.contains_key(name)
            || self.aliases.contains_key(name)
            || self.handles.contains(name)
            || self.constants.contains_key(name)
            || self.functions.contains_key(name);
        if taken {
            self.doubles.push(name.to_string());
        }
    }
}

/// The record of the newest release before `version`, if there was one.
pub fn newest_before(folder: &Utf8Path, version: &str) -> Result<Option<Layout>> {
    let number = |text: &str| -> Option<Vec<u32>> { text.split('.').map(|part| part.parse().ok()).collect() };
    let this = number(version).with_context(|| format!("{version} is not a version"))?;
    let mut newest: Option<(Vec<u32>, String)> = None;
    let Ok(entries) = folder.read_dir_utf8() else { return Ok(None) };
    for entry in entries {
        let name = entry?.file_name().to_string();
        let Some(release) = name.strip_suffix(".txt").and_then(number) else { continue };
        if release < this && newest.as_ref().is_none_or(|(newest, _)| *newest < release) {
            newest = Some((release, name));
        }
    }
    let Some((_, name)) = newest else { return Ok(None) };
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
    Layout::parse(&text).with_context(|| format!("in {path}")).map(Some)
}

fn lay_out<'m>(members: impl IntoIterator<Item = &'m Member>, grows: bool) -> Structure {
    let (mut at, mut align_max) = (0usize, 1);
    let mut placed = Vec::new();
    for member in members {
        let (size, align) = member.ty.size_and_align();
        at = at.next_multiple_of(align);
        placed.push((at, member.declaration()));
        at += size;
        align_max = align_max.max(align);
    }
    Structure { size: at.next_multiple_of(align_max), grows, members: placed }
}

fn name_in(declaration: &str) -> &str {
    declaration.rsplit([' ', '*']).next().unwrap_or(declaration)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn released() -> Layout {
        let mut layout = Layout::default();
        let small = CType::Plain { rust: "u8", c: "uint8_t", size: 1 };
        let members =
            [Member::new("struct_size", SIZE), Member::new("small", small), Member::new("name", CType::Text)];
        layout.structure("tg_thing", &members);
        layout.constant("TG_COLOUR_RED", 1);
        layout.alias("tg_colour", "int32_t");
        layout.handle("tg_till");
        layout.function("tg_till_free", "void", &["tg_till *handle".to_string()]);
        layout.add_fixed();
        layout
    }

    /// The reason why a changed layout is refused.
    fn refusal(change: impl FnOnce(&mut Layout)) -> String {
        let mut layout = released();
        change(&mut layout);
        layout.check_against(&released()).expect_err("this breaks programs").to_string()
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let text = released().text();
        assert_eq!(Layout::parse(&text).expect("readable").text(), text);
        assert!(Layout::parse("nonsense here").is_err());
    }

    #[test]
    fn members_lie_where_a_compiler_puts_them() {
        let text = released().text();
        assert!(
            text.contains(
                "struct tg_thing 24\n    0 size_t struct_size\n    8 uint8_t small\n    16 const char *name\n"
            ),
            "{text}"
        );
        assert!(text.contains("fixed tg_open 16\n    0 int32_t tag\n    8 const char *text\n"), "{text}");
    }

    #[test]
    fn growing_at_the_end_is_allowed() {
        let mut layout = released();
        let thing = layout.structs.get_mut("tg_thing").expect("there");
        thing.members.push((24, "int32_t newer".to_string()));
        thing.size = 32;
        layout.constant("TG_COLOUR_BLUE", 2);
        layout.function("tg_more", "void", &[]);
        layout.check_against(&released()).expect("nothing that there was has changed");
    }

    #[test]
    fn nothing_that_there_was_may_change() {
        fn thing(layout: &mut Layout) -> &mut Structure {
            layout.structs.get_mut("tg_thing").expect("there")
        }
        let refused = |text: &str, change: fn(&mut Layout)| {
            let reason = refusal(change);
            assert!(reason.contains(text), "{reason}");
        };
        refused("the struct tg_thing is gone", |l| l.structs.clear());
        refused("growing at its end", |l| thing(l).members.truncate(2));
        refused("growing at its end", |l| thing(l).members.swap(1, 2));
        refused("may not change", |l| l.structs.get_mut("tg_pair").expect("there").size = 32);
        refused("was `1` and is `2`", |l| *l.constants.get_mut("TG_COLOUR_RED").expect("there") = 2);
        refused("function tg_till_free is gone", |l| l.functions.clear());
        refused("handle tg_till is gone", |l| l.handles.clear());
    }

    #[test]
    fn one_name_means_one_thing() {
        let mut layout = released();
        layout.function("tg_thing", "void", &[]);
        assert!(layout.check_names().expect_err("two things").to_string().contains("tg_thing"));
    }
}

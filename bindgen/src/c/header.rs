//! The header, by cbindgen from the Rust that was generated.

use anyhow::{Context, Result};
use askama::Template;

#[derive(Template)]
#[template(path = "c/preface.h", escape = "none")]
struct Preface<'a> {
    version: &'a str,
}

/// The header of these files of Rust.
pub fn write(sources: &[&str], version: &str) -> Result<String> {
    // cbindgen reads files. It has no need of function bodies, but they do no harm either.
    let folder = std::env::temp_dir().join(format!("tillgate-bindgen-{}", std::process::id()));
    std::fs::create_dir_all(&folder).context("no temporary folder")?;
    let result = write_from(&folder, sources, version);
    let _ = std::fs::remove_dir_all(&folder);
    result
}

fn write_from(folder: &std::path::Path, sources: &[&str], version: &str) -> Result<String> {
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        include_guard: Some("TILLGATE_H".to_string()),
        cpp_compat: true,
        usize_is_size_t: true,
        no_includes: true,
        sys_includes: ["stdbool.h", "stddef.h", "stdint.h"].map(String::from).to_vec(),
        header: Some(Preface { version }.render()?),
        documentation_style: cbindgen::DocumentationStyle::Doxy,
        style: cbindgen::Style::Type,
        line_length: 110,
        tab_width: 4,
        export: cbindgen::ExportConfig {
            rename: [("Flag".to_string(), "bool".to_string())].into(),
            ..cbindgen::ExportConfig::default()
        },
        ..cbindgen::Config::default()
    };
    let mut builder = cbindgen::Builder::new().with_config(config);
    for (number, text) in sources.iter().enumerate() {
        let path = folder.join(format!("{number}.rs"));
        std::fs::write(&path, text).context("the temporary folder cannot be written")?;
        builder = builder.with_src(path);
    }
    let bindings = builder.generate().context("cbindgen does not understand what was generated")?;
    let mut header = Vec::new();
    bindings.write(&mut header);
    Ok(String::from_utf8(header)?)
}

//! Writes the tables of characters that the regular expressions need: two classes of all that `regex-syntax` knows, which
//! would be nearly 300 KB of the guest.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use regex_syntax::hir::{Class, HirKind};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut tables = String::new();
    for (name, class) in [("DIGITS", r"\p{Nd}"), ("WORDS", r"[\p{L}\p{N}]")] {
        let hir = regex_syntax::parse(class).map_err(|error| error.to_string())?;
        let HirKind::Class(Class::Unicode(class)) = hir.kind() else {
            return Err(format!("{class} is no class of characters").into());
        };
        writeln!(tables, "/// The ranges of the class, in order.")?;
        writeln!(tables, "pub(super) static {name}: &[(char, char)] = &[")?;
        for range in class.iter() {
            writeln!(tables, "    ({:?}, {:?}),", range.start(), range.end())?;
        }
        writeln!(tables, "];")?;
    }
    let directory = env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?;
    fs::write(Path::new(&directory).join("classes.rs"), tables)?;
    Ok(())
}

//! Writes the tables of characters that texts and regular expressions need: general categories, and two classes of all that
//! `regex-syntax` knows, which would be nearly 300 KB of the guest.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use regex_syntax::hir::{Class, HirKind};

/// The general categories of Unicode, but for surrogates, which texts do not have.
const CATEGORIES: [&str; 29] = [
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf",
    "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cn",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut tables = String::new();
    for (name, class) in [("DIGITS", r"\p{Nd}"), ("WORDS", r"[\p{L}\p{N}]")] {
        writeln!(tables, "/// The ranges of the class, in order.")?;
        writeln!(tables, "pub(super) static {name}: &[(char, char)] = &[{}];", ranges(class)?)?;
    }
    write("classes.rs", &tables)?;
    let mut tables = String::from("/// Every category's ranges, in order.\n");
    writeln!(tables, "static CATEGORIES: &[(&str, &[(char, char)])] = &[")?;
    for category in CATEGORIES {
        writeln!(tables, "    ({category:?}, &[{}]),", ranges(&format!(r"\p{{{category}}}"))?)?;
    }
    tables.push_str("];\n");
    write("categories.rs", &tables)
}

fn ranges(class: &str) -> Result<String, Box<dyn Error>> {
    let hir = regex_syntax::parse(class).map_err(|error| error.to_string())?;
    let range = |first: char, last: char| format!("({first:?}, {last:?}), ");
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            Ok(class.iter().map(|each| range(each.start(), each.end())).collect())
        }
        // A class of one character.
        HirKind::Literal(text) => {
            Ok(std::str::from_utf8(&text.0)?.chars().map(|one| range(one, one)).collect())
        }
        _ => Err(format!("{class} is no class of characters").into()),
    }
}

fn write(name: &str, text: &str) -> Result<(), Box<dyn Error>> {
    let directory = env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?;
    fs::write(Path::new(&directory).join(name), text)?;
    Ok(())
}

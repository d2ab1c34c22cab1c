//! THIRD_PARTY_LICENSES is what the crates say that are linked into the library. `make licences` writes it:
//! `PENNON_WRITE_LICENCES=1`.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// What is linked, with its features: into the library, and into the guests that it holds. Crates for other systems are neither.
const LINKED: [(&str, &str, &str); 3] = [
    ("pennon", "modules", "x86_64-unknown-linux-gnu"),
    ("pennon-goff", "", "wasm32-unknown-unknown"),
    ("pennon-flagsmith", "", "wasm32-unknown-unknown"),
];

/// Beginnings of the names of files that hold a licence or belong to one.
const LICENCE_FILES: [&str; 6] = ["license", "licence", "copying", "copyright", "notice", "unlicense"];

/// Crates whose package lacks the text of its licence, with a crate of the same project whose package has it.
const TEXT_IS_WITH: [(&str, &str); 6] = [
    ("cranelift-assembler-x64", "cranelift-codegen"),
    ("cranelift-bitset", "wasmtime"),
    ("pulley-interpreter", "wasmtime"),
    ("wasmtime-internal-component-util", "wasmtime"),
    ("wasmtime-internal-core", "wasmtime"),
    ("wasmtime-internal-jit-icache-coherence", "wasmtime"),
];

const RULE: &str = "================================================================================";

/// A crate of the registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    licence: String,
    folder: PathBuf,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cargo(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes text")
}

/// All crates of Cargo.lock, by name and version.
fn known() -> BTreeMap<(String, String), Crate> {
    let metadata = cargo(&["metadata", "--format-version", "1", "--locked"]);
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo writes JSON");
    let packages = metadata.get("packages").and_then(Value::as_array).expect("packages");
    let read = |package: &Value| {
        let text = |name: &str| package.get(name).and_then(Value::as_str).map(str::to_owned);
        let manifest = PathBuf::from(text("manifest_path")?);
        let licence = text("license").or_else(|| text("license_file").map(|file| format!("see {file}")));
        Some(Crate {
            name: text("name")?,
            version: text("version")?,
            licence: licence.unwrap_or_else(|| panic!("{} has no licence", manifest.display())),
            folder: manifest.parent()?.to_owned(),
        })
    };
    let crates = packages.iter().map(|package| read(package).expect("name, version and manifest"));
    crates.map(|found| ((found.name.clone(), found.version.clone()), found)).collect()
}

/// The crates that are linked, without this project's own. Cargo's tree knows, as its metadata does not, which features are
/// turned on for what is linked alone.
fn linked() -> BTreeSet<Crate> {
    let known = known();
    let mut linked = BTreeSet::new();
    for (package, features, target) in LINKED {
        let shape = ["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"];
        let which = ["tree", "--locked", "--package", package, "--target", target];
        let with = ["--no-default-features", "--features", features];
        for line in cargo(&[&which[..], &with[..], &shape[..]].concat()).lines() {
            let mut words = line.split(' ');
            let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let version = version.strip_prefix('v').unwrap_or_default();
            let found = known.get(&(name.to_owned(), version.to_owned()));
            linked.insert(found.unwrap_or_else(|| panic!("{line} is not in Cargo.lock")).clone());
        }
    }
    linked.retain(|found| !found.folder.starts_with(root()));
    linked
}

/// The texts in a crate's package, without the spaces and line ends in which copies of one text differ.
fn texts(found: &Crate) -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(&found.folder)
        .unwrap_or_else(|error| panic!("{}: {error}", found.folder.display()))
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            path.is_file() && LICENCE_FILES.iter().any(|beginning| name.starts_with(beginning))
        })
        .collect();
    files.sort();
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines: Vec<_> = text.trim_matches(['\n', '\r', '\u{c}']).lines().map(str::trim_end).collect();
        lines.join("\n")
    };
    files.iter().map(read).collect()
}

fn generate() -> String {
    let linked = linked();
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut list = String::new();
    for found in &linked {
        let Crate { name, version, licence, .. } = found;
        writeln!(list, "{name} {version}: {licence}").expect("a text takes all");
        let source = TEXT_IS_WITH.iter().find(|(without, _)| without == name).map_or(found, |(_, with)| {
            assert!(texts(found).is_empty(), "{name} has a text of its own");
            linked.iter().find(|other| other.name == *with).unwrap_or_else(|| panic!("{with} is not linked"))
        });
        let texts = texts(source);
        assert!(!texts.is_empty(), "the package of {name} {version} has no text of its licence");
        for text in texts {
            users.entry(text).or_default().push(format!("{name} {version}"));
        }
    }
    // In the order of the crates, not of the texts.
    let mut users: Vec<_> = users.into_iter().map(|(text, crates)| (crates, text)).collect();
    users.sort();
    let toolchain = fs::read_to_string(root().join("rust-toolchain.toml")).expect("rust-toolchain.toml");
    let toolchain = toolchain.lines().find_map(|line| line.strip_prefix("channel = \"")?.strip_suffix('"'));
    let mut text = format!(
        "What is linked into Pennon beside its own code, and the licences that it is under.\n\
         Generated by `make licences`.\n\n{list}\n\
         Also linked is the standard library of Rust {}, with what it is made of: MIT OR Apache-2.0, \
         https://github.com/rust-lang/rust\n",
        toolchain.expect("rust-toolchain.toml names a channel")
    );
    for (crates, licence) in users {
        write!(text, "\n{RULE}\n{}\n{RULE}\n\n{licence}\n", crates.join(", ")).expect("a text takes all");
    }
    text
}

#[test]
fn the_committed_licences_are_those_of_what_is_linked() {
    let path = root().join("THIRD_PARTY_LICENSES");
    let generated = generate();
    if env::var_os("PENNON_WRITE_LICENCES").is_some() {
        fs::write(&path, &generated).expect("the licences can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let crates = |text: &str| -> BTreeSet<String> {
        text.lines().skip(3).take_while(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let (are, said) = (crates(&generated), crates(&committed));
    let (missing, surplus): (Vec<_>, Vec<_>) =
        (are.difference(&said).collect(), said.difference(&are).collect());
    assert!(
        committed == generated,
        "THIRD_PARTY_LICENSES is stale: run `make licences`; missing {missing:?}, surplus {surplus:?}"
    );
}

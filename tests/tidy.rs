//! The architecture's rules that a compiler does not check, as greps over the tree.

#![expect(clippy::expect_used, reason = "a test's way to fail is to panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the tree: its path from the root, and its text.
struct Source {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text files below `folder` whose names end in one of `endings` (all where there are none).
fn sources(folder: &str, endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(folder), endings, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no files below {folder:?}");
    found
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            // What builds and tools leave behind is not the project's.
            if !name.starts_with('.') && !matches!(name.as_str(), "target" | "__pycache__" | "node_modules") {
                collect(&path, endings, found);
            }
        } else if endings.is_empty() || endings.iter().any(|ending| name.ends_with(ending)) {
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let path =
                path.strip_prefix(root()).expect("a path below the root").to_string_lossy().into_owned();
            found.push(Source { path, text });
        }
    }
}

fn rust() -> Vec<Source> {
    let mut all = sources("src", &[".rs"]);
    all.extend(sources("wasm", &[".rs"]));
    all
}

/// Lines of code, numbered from 1, without comments.
fn code(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    source
        .text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether `line` holds `word` with nothing of a name around it.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(start, _)| {
        let (before, after) =
            (line.get(..start).unwrap_or_default(), line.get(start + word.len()..).unwrap_or_default());
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

/// Fails with every line that `is_wrong` in a file that is not `allowed`.
fn forbid(what: &str, sources: &[Source], allowed: impl Fn(&str) -> bool, is_wrong: impl Fn(&str) -> bool) {
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|source| !allowed(&source.path)) {
        let lines = code(source).filter(|(_, line)| is_wrong(line));
        wrong.extend(lines.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim())));
    }
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

fn below(path: &str, folders: &[&str]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

#[test]
fn unsafe_code_stays_in_its_few_places() {
    let allowed = |path: &str| {
        let places = [
            "src/engine/module.rs",
            "src/engine/clock.rs",
            "src/clock.rs",
            "src/fork.rs",
            // Asks for memory before it is written.
            "src/events/ahead.rs",
            // Asks whose a file is.
            "src/sealed.rs",
            // Takes compiled code from files that only this user can write.
            "src/engine/vendor/cache.rs",
            "wasm/wire/src/guest.rs",
            "wasm/wire/src/memory.rs",
        ];
        below(path, &["src/ffi/"]) || places.contains(&path)
    };
    forbid("unsafe", &rust(), allowed, |line| has_word(line, "unsafe"));
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let mut wrong = Vec::new();
    for source in rust() {
        let lines: Vec<_> = source.text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            if !has_word(line, "unsafe {") && !line.contains("unsafe impl") && !line.contains("unsafe {") {
                continue;
            }
            let before = lines.get(number.saturating_sub(4)..=number).unwrap_or_default();
            if !before.iter().any(|line| line.contains("SAFETY:")) {
                wrong.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "unsafe without SAFETY:\n{}", wrong.join("\n"));
}

#[test]
fn wasmtime_is_known_to_the_engine_alone() {
    forbid("wasmtime", &rust(), |path| below(path, &["src/engine/"]), |line| has_word(line, "wasmtime"));
}

#[test]
fn threads_are_started_where_they_are_owned() {
    let allowed = |path: &str| {
        let owners =
            ["src/engine/ticker.rs", "src/worker.rs", "src/events/sender.rs", "src/bin/pennon/bench.rs"];
        owners.contains(&path) || path.ends_with("/tests.rs")
    };
    let sources: Vec<_> = sources("src", &[".rs"]).into_iter().map(without_tests).collect();
    forbid("a thread is started", &sources, allowed, |line| {
        line.contains("thread::spawn") || line.contains("thread::scope") || line.contains("thread::Builder")
    });
}

#[test]
fn raw_c_functions_are_the_c_surface_s_own() {
    let allowed = |path: &str| {
        let others =
            ["src/engine/module.rs", "src/fork.rs", "wasm/wire/src/guest.rs", "wasm/wire/src/memory.rs"];
        below(path, &["src/ffi/"]) || others.contains(&path)
    };
    forbid("extern \"C\" or no_mangle", &rust(), allowed, |line| {
        line.contains("extern \"C\"") || line.contains("no_mangle")
    });
}

#[test]
fn nothing_depends_on_the_c_surface() {
    forbid(
        "a use of ffi",
        &sources("src", &[".rs"]),
        |path| below(path, &["src/ffi/"]),
        |line| line.contains("ffi::") && !line.contains("std::ffi"),
    );
}

#[test]
fn dependencies_of_modules_point_one_way() {
    let all = sources("src", &[".rs"]);
    let rules: [(&str, &[&str]); 4] = [
        ("src/engine/", &["client", "sync", "service", "events", "options", "context"]),
        ("src/service/", &["client", "sync", "events", "options", "std::thread"]),
        ("src/events/", &["client", "sync"]),
        ("src/ffi/", &["engine", "sync", "service", "events"]),
    ];
    let mut wrong = Vec::new();
    for (folder, forbidden) in rules {
        for source in all.iter().filter(|source| source.path.starts_with(folder)) {
            for (number, line) in code(source) {
                let name = |module: &&&str| {
                    let full =
                        if module.contains("::") { module.to_string() } else { format!("crate::{module}::") };
                    line.contains(&full)
                };
                wrong.extend(
                    forbidden.iter().find(name).map(|module| format!("{}:{number}: {module}", source.path)),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "against the arrows of ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

#[test]
fn the_library_writes_neither_to_stdout_nor_to_stderr() {
    let library: Vec<_> =
        rust().into_iter().filter(|source| !below(&source.path, &["src/bin/"])).map(without_tests).collect();
    let allowed =
        |path: &str| path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("/build.rs");
    forbid("output", &library, allowed, |line| {
        ["println!", "eprintln!", "print!", "eprint!", "dbg!", "io::stdout", "io::stderr"]
            .iter()
            .any(|word| has_word(line, word) || line.contains(word))
    });
}

/// A file without the tests at its end.
fn without_tests(source: Source) -> Source {
    let text = source.text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
    Source { text, ..source }
}

#[test]
fn files_are_of_a_size_that_can_be_read() {
    const LINES: usize = 500;
    let mut large = Vec::new();
    for folder in ["src", "wasm", "tests"] {
        let code = sources(folder, &[".rs", ".c", ".h", ".cpp", ".py", ".sh", ".go", ".cmake"]);
        let sizes = code.iter().map(|source| (source.text.lines().count(), &source.path));
        large.extend(
            sizes.filter(|(lines, _)| *lines > LINES).map(|(lines, path)| format!("{path}: {lines} lines")),
        );
    }
    assert!(large.is_empty(), "over {LINES} lines; look for the missing noun:\n{}", large.join("\n"));
}

#[test]
fn every_option_is_documented() {
    let path = root().join("docs/options.md");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("docs/options.md: {error}"));
    let missing: Vec<_> =
        pennon::OPTION_NAMES.iter().filter(|name| !text.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/options.md says nothing of {missing:?}");
}

#[test]
fn no_file_names_a_place_of_one_machine_or_a_registry_of_its_own() {
    // Written in pieces, so that this file does not hold them.
    let machine = ["/wo", "/ho", "/ro", "/Us"]
        .iter()
        .zip(["rk/", "me/", "ot/", "ers/"])
        .map(|(a, b)| format!("{a}{b}"));
    let hosts =
        ["artifactory", "nexus.", "jfrog", "crates-proxy", "goproxy.", ".internal/"].map(str::to_owned);
    let forbidden: Vec<_> = machine.chain(hosts).collect();
    let mut wrong = Vec::new();
    for source in sources("", &[]).iter().filter(|source| source.path != "tests/tidy.rs") {
        for (number, line) in source.text.lines().enumerate() {
            let starts = |word: &&String| match line.find(word.as_str()) {
                // A path's first part, not a later one.
                Some(start) if word.starts_with('/') => !line
                    .get(..start)
                    .and_then(|before| before.chars().next_back())
                    .is_some_and(|c| c.is_alphanumeric() || "_-.}/".contains(c)),
                found => found.is_some(),
            };
            wrong.extend(
                forbidden.iter().find(starts).map(|word| format!("{}:{}: {word}", source.path, number + 1)),
            );
        }
    }
    assert!(wrong.is_empty(), "places of one machine:\n{}", wrong.join("\n"));
}

#[test]
fn the_lock_file_knows_the_public_registry_alone() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let sources = lock.lines().filter_map(|line| line.strip_prefix("source = "));
    let others: Vec<_> =
        sources.filter(|source| !source.contains("github.com/rust-lang/crates.io-index")).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn every_exemption_from_a_lint_has_a_reason() {
    let mut all = rust();
    all.extend(sources("tests", &[".rs"]));
    let mut wrong = Vec::new();
    for source in &all {
        for (start, _) in source.text.match_indices("#[allow(").chain(source.text.match_indices("#![allow("))
        {
            let attribute =
                source.text.get(start..).and_then(|rest| rest.split(")]").next()).unwrap_or_default();
            // Of this file's own text, which looks for them, nothing is left open.
            if !attribute.contains("reason =") && source.path != "tests/tidy.rs" {
                wrong.push(format!("{}: {attribute}", source.path));
            }
        }
        for (start, _) in source
            .text
            .match_indices("expect(clippy::")
            .chain(source.text.match_indices("expect(unsafe_code"))
        {
            let attribute =
                source.text.get(start..).and_then(|rest| rest.split(")]").next()).unwrap_or_default();
            if !attribute.contains("reason =") && source.path != "tests/tidy.rs" {
                wrong.push(format!("{}: {attribute}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "without a reason:\n{}", wrong.join("\n"));
}

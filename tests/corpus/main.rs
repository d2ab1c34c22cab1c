//! The fuzz targets' kept inputs, as an ordinary test: `fuzz/corpus/TARGET` covers the code, `fuzz/crashes/TARGET` holds every
//! input that ever failed.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "a test's way to fail is to panic")]

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long one input may take: what is slower is as bad as what fails.
const PATIENCE: Duration = Duration::from_secs(10);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The names in a folder, sorted; none where it does not exist.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Runs a target on the inputs of a folder; those on which it fails.
fn replay(target: fuzz::Body, folder: &Path, inputs: &[String]) -> Vec<String> {
    let mut failed = Vec::new();
    for input in inputs {
        let path = folder.join(input);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let start = Instant::now();
        if panic::catch_unwind(|| target(&bytes)).is_err() || start.elapsed() > PATIENCE {
            failed.push(format!("{} ({:?})", path.display(), start.elapsed()));
        }
    }
    failed
}

#[test]
fn every_kept_input_is_taken_in() {
    let mut failed = Vec::new();
    for (name, target) in fuzz::TARGETS {
        let [corpus, crashes] = ["corpus", "crashes"].map(|kind| root().join(kind).join(name));
        let (kept, crashed) = (names(&corpus), names(&crashes));
        assert!(!kept.is_empty(), "{name} has no corpus");
        failed.extend(replay(target, &corpus, &kept));
        failed.extend(replay(target, &crashes, &crashed));
        println!("figure: {name}: {} inputs of the corpus, {} that once failed", kept.len(), crashed.len());
    }
    assert!(failed.is_empty(), "failed on:\n{}", failed.join("\n"));
}

#[test]
fn every_target_is_known_to_all_who_have_to_know_it() {
    let known: Vec<_> = fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
    let loops = names(&root().join("fuzz_targets"));
    let loops: Vec<_> = loops.iter().filter_map(|name| name.strip_suffix(".rs")).collect();
    assert_eq!(loops, known, "fuzz/fuzz_targets and fuzz::TARGETS");
    for folder in ["corpus", "crashes"] {
        let folders = names(&root().join(folder));
        assert!(folders.iter().all(|name| known.contains(&name.as_str())), "fuzz/{folder}: {folders:?}");
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap_or_default();
    let binaries: Vec<_> =
        manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")).collect();
    assert_eq!(binaries.len(), known.len(), "fuzz/Cargo.toml and fuzz::TARGETS");
}

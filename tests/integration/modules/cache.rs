//! Compiled modules on disk: used again, and not trusted where others could have written them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Instant;

use pennon::{Client, LogLevel};

use super::{Heard, Text, official, options_with};
use crate::support::{Scratch, context};

/// Makes a client with the cache, which has to answer; what it said.
fn run(folder: &Scratch, cache: &Path) -> Vec<(LogLevel, String)> {
    let heard = Heard::default();
    let options = Text::default().options(folder).cache_dir(cache).log(heard.log());
    let client = Client::new(options).expect("a client");
    assert_eq!(client.get_string("fine", &context("{}"), "", str::to_owned), "yes");
    heard.lines()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("the cache").flatten().map(|entry| entry.path()).collect()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("setting the mode");
}

const ANEW: &str = "module is compiled anew: ";

/// A folder with the cache in it, the cache, and the file that it holds.
fn filled() -> (Scratch, PathBuf, PathBuf) {
    let folder = Scratch::new();
    let cache = folder.path("cache");
    run(&folder, &cache);
    let file = files(&cache).remove(0);
    (folder, cache, file)
}

#[test]
fn a_compiled_module_is_used_again() {
    let folder = Scratch::new();
    let cache = folder.path("cache/deeper");
    assert_eq!(run(&folder, &cache), [(LogLevel::Info, format!("{ANEW}cache_dir does not have it"))]);
    let kept = files(&cache);
    let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!((kept.len(), mode(&kept[0]), mode(&cache)), (1, 0o600, 0o700));
    assert_eq!(run(&folder, &cache), []);
    assert_eq!(files(&cache), kept);
}

#[test]
fn another_module_is_another_file() {
    let folder = Scratch::new();
    let cache = folder.path("cache");
    run(&folder, &cache);
    let other = Text { memory: "3", ..Text::default() };
    drop(Client::new(other.options(&folder).cache_dir(&cache)).expect("a client"));
    assert_eq!(files(&cache).len(), 2);
}

#[test]
fn a_file_that_is_not_what_was_written_is_compiled_anew() {
    let (folder, cache, file) = filled();
    let good = fs::read(&file).expect("the file");
    let mut flipped = good.clone();
    *flipped.last_mut().expect("a byte") ^= 1;
    let mut foreign = good.clone();
    foreign[0] ^= 1;
    for (bad, why) in [
        (flipped, "is not what was written"),
        (foreign, "is not what was written"),
        (good[..good.len() / 2].to_vec(), "is not what was written"),
        (good[..7].to_vec(), "is not whole"),
        (Vec::new(), "is not whole"),
    ] {
        fs::write(&file, bad).expect("spoiling the file");
        let said = run(&folder, &cache);
        assert!(
            said[0].0 == LogLevel::Warn && said[0].1.starts_with(ANEW) && said[0].1.ends_with(why),
            "{said:?}"
        );
        assert_eq!(fs::read(&file).expect("the file").len(), good.len(), "{why}: it is replaced");
    }
    assert_eq!(run(&folder, &cache), []);
}

#[test]
fn what_others_can_write_is_not_trusted() {
    let (folder, cache, file) = filled();
    for (path, usual, open) in
        [(&cache, 0o700, 0o777), (&cache, 0o700, 0o770), (&file, 0o600, 0o602), (&file, 0o600, 0o660)]
    {
        set_mode(path, open);
        let said = run(&folder, &cache);
        assert!(
            said[0].0 == LogLevel::Warn
                && said[0].1.starts_with(ANEW)
                && said[0].1.ends_with("can be written by others"),
            "{}: {said:?}",
            path.display()
        );
        // What was compiled has replaced a file; nothing is written to a folder that is not trusted.
        set_mode(path, usual);
    }
    let target = folder.path("elsewhere");
    fs::rename(&file, &target).expect("moving the file");
    symlink(&target, &file).expect("a link");
    let said = run(&folder, &cache);
    assert!(said[0].1.starts_with(ANEW), "{said:?}");
}

#[test]
fn what_is_another_user_s_is_not_trusted() {
    let (folder, cache, file) = filled();
    for path in [&file, &cache] {
        if std::os::unix::fs::chown(path, Some(65_534), None).is_err() {
            println!("skipped: only root can give a file away");
            return;
        }
        let said = run(&folder, &cache);
        assert!(said[0].1.starts_with(ANEW) && said[0].1.ends_with("is another user's"), "{said:?}");
    }
}

#[test]
fn the_official_module_starts_fast_from_the_cache() {
    let folder = Scratch::new();
    let cache = folder.path("cache");
    let create = || {
        let start = Instant::now();
        drop(Client::new(options_with(official()).cache_dir(&cache)).expect("a client"));
        start.elapsed()
    };
    let (first, second) = (create(), create());
    println!("figure: the official module is ready after {first:.0?}, and from the cache after {second:.1?}");
    assert!(second < first / 4, "{first:?}, then {second:?}");
}

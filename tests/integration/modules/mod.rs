//! Vendors' own modules: GO Feature Flag's, and hostile ones written here.

mod cache;
mod hostile;
#[path = "../../module/official.rs"]
mod module;
mod official;
mod process;
mod wasi;

use std::path::Path;
use std::sync::{Arc, Mutex};

use pennon::{Log, LogLevel, Options};

pub use self::module::official;
use crate::flags::{FINE, ruleset};
use crate::support::{Scratch, options};

/// An answer as GO Feature Flag's module gives it.
const ANSWER: &str = r#"{"trackEvents":true,"variationType":"yes","failed":false,"version":"","reason":"STATIC","errorCode":"","value":"yes","cacheable":true}"#;

/// A module in the text format that is called as GO Feature Flag's is. Its parts can be replaced by hostile ones.
pub struct Text {
    pub imports: &'static str,
    /// Pages of its memory, and whatever else it has.
    pub memory: &'static str,
    pub more: String,
    pub malloc: &'static str,
    pub free: &'static str,
    pub evaluate: String,
    pub answer: Vec<u8>,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            imports: "",
            memory: "2",
            more: String::new(),
            malloc: "i32.const 65536",
            free: "",
            evaluate: "call $answer".into(),
            answer: ANSWER.into(),
        }
    }
}

impl Text {
    /// The module's bytes. Its answer lies at 1024, and `$answer` gives it.
    pub fn assemble(&self) -> Vec<u8> {
        let data: String = self.answer.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let packed = 1024_u64 << 32 | self.answer.len() as u64;
        let text = format!(
            r#"(module {imports}
                (memory (export "memory") {memory})
                (data (i32.const 1024) "{data}")
                (func $answer (result i64) i64.const {packed})
                (func (export "malloc") (param i32) (result i32) {malloc})
                (func (export "free") (param i32) {free})
                (func $evaluate (export "evaluate") (param i32 i32) (result i64) {evaluate})
                {more})"#,
            imports = self.imports,
            memory = self.memory,
            malloc = self.malloc,
            free = self.free,
            evaluate = self.evaluate,
            more = self.more,
        );
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Options of a client that this module answers for; the flag `fine` is there.
    pub fn options(&self, folder: &Scratch) -> Options {
        options_with(&folder.file("module.wasm", self.assemble()))
    }
}

/// Options of a client of the flag `fine` that the module at `path` answers for.
pub fn options_with(path: &Path) -> Options {
    options(&ruleset([("fine", FINE)])).module_path(path)
}

/// Options of a client of GO Feature Flag's module, which is compiled once for all tests.
pub fn with_official(document: &str) -> Options {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    options(document).module_path(official()).cache_dir(cache)
}

/// Keeps what the library says.
#[derive(Clone, Debug, Default)]
pub struct Heard(Arc<Mutex<Vec<(LogLevel, String)>>>);

impl Heard {
    pub fn lines(&self) -> Vec<(LogLevel, String)> {
        self.0.lock().expect("the lines").clone()
    }

    pub fn log(&self) -> Arc<dyn Log> {
        Arc::new(self.clone())
    }
}

impl Log for Heard {
    fn log(&self, level: LogLevel, message: &str) {
        self.0.lock().expect("the lines").push((level, message.to_owned()));
    }
}

//! Compiled modules on disk. Compiled code is run as it is, so that whoever can write it is this process.

use std::hash::{Hash, Hasher};
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use wasmtime::{Engine, Module};

use crate::sealed::{SealedFile, digits};

/// Bytes of a file that is read at all: code is a few times as large as what it is compiled from.
const MAX_COMPILED_BYTES: u64 = 16 * super::MAX_MODULE_BYTES as u64;

/// Where one module's compiled form is kept: its name is the hash of the module, wasmtime's version, the target and the
/// configuration.
#[derive(Debug)]
pub(super) struct Cache {
    file: SealedFile,
}

/// Hashes what wasmtime knows its compiled code by.
struct Fingerprint(Sha256);

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

impl Cache {
    pub(super) fn new(folder: PathBuf, engine: &Engine, wasm: &[u8]) -> Self {
        let mut fingerprint = Fingerprint(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut fingerprint);
        let Fingerprint(mut hash) = fingerprint;
        hash.update(Sha256::digest(wasm));
        Self { file: SealedFile::new(folder, format!("module-{}.cwasm", digits(hash))) }
    }

    /// The compiled module; none where it is not there, and the reason where it must not be used.
    #[expect(unsafe_code, reason = "wasmtime takes compiled code on trust")]
    pub(super) fn load(&self, engine: &Engine) -> Result<Option<Module>, String> {
        let Some(compiled) = self.file.read(MAX_COMPILED_BYTES)? else { return Ok(None) };
        // SAFETY: these bytes, which nobody can change any more, are of a file that only this user can write, in a folder
        // that only this user can write; its name and its hash say that this program wrote it, with the same wasmtime and
        // configuration, which wasmtime checks once more.
        let module = unsafe { Module::deserialize(engine, compiled) };
        let path = self.file.path();
        module.map(Some).map_err(|error| format!("{} cannot be loaded: {error:#}", path.display()))
    }

    /// Writes the compiled module.
    pub(super) fn store(&self, module: &Module) -> Result<(), String> {
        let compiled = module.serialize().map_err(|error| format!("{error:#}"))?;
        self.file.write(&[&compiled])
    }
}

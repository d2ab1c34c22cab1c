//! Compiled modules on disk. Compiled code is run as it is, so that whoever can write it is this process.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sha2::{Digest, Sha256};
use wasmtime::{Engine, Module};

/// Bytes of a file that is read at all: code is a few times as large as what it is compiled from.
const MAX_COMPILED_BYTES: u64 = 16 * super::MAX_MODULE_BYTES as u64;

/// Mode bits by which others than the owner can write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Where one module's compiled form is kept: a file of the hash of its content, and the content.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    /// Of the module, wasmtime's version, the target and the configuration.
    name: String,
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
        let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { folder, name: format!("module-{digits}.cwasm") }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// The compiled module; none where it is not there, and the reason where it must not be used.
    #[expect(unsafe_code, reason = "wasmtime takes compiled code on trust")]
    pub(super) fn load(&self, engine: &Engine) -> Result<Option<Module>, String> {
        let path = self.path();
        let Some(content) = self.read(&path)? else { return Ok(None) };
        let unusable = |cause: &str| format!("{} {cause}", path.display());
        let (hash, compiled) = content.split_first_chunk::<32>().ok_or_else(|| unusable("is not whole"))?;
        if Sha256::digest(compiled)[..] != hash[..] {
            return Err(unusable("is not what was written"));
        }
        // SAFETY: these bytes, which nobody can change any more, are of a file that only this user can write, in a folder
        // that only this user can write; its name and its hash say that this program wrote it, with the same wasmtime and
        // configuration, which wasmtime checks once more.
        let module = unsafe { Module::deserialize(engine, compiled) };
        module.map(Some).map_err(|error| unusable(&format!("cannot be loaded: {error:#}")))
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, String> {
        let unreadable = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
        match fs::metadata(&self.folder) {
            Ok(metadata) => trust(&self.folder, &metadata)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&self.folder, error)),
        }
        // Neither a link to elsewhere nor a pipe that nobody writes to.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(path, error)),
        };
        let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
        trust(path, &metadata)?;
        if !metadata.is_file() || metadata.len() > MAX_COMPILED_BYTES {
            return Err(format!("{} is no compiled module", path.display()));
        }
        let mut content = Vec::new();
        file.take(MAX_COMPILED_BYTES).read_to_end(&mut content).map_err(|error| unreadable(path, error))?;
        Ok(Some(content))
    }

    /// Writes the compiled module under another name and renames it, so that it is there whole or not at all.
    pub(super) fn store(&self, module: &Module) -> Result<(), String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let compiled = module.serialize().map_err(|error| format!("{error:#}"))?;
        let failed = |error: io::Error| format!("cache_dir {}: {error}", self.folder.display());
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed)?;
        trust(&self.folder, &fs::metadata(&self.folder).map_err(failed)?)?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let draft = self.folder.join(format!(".{}-{}-{number}", self.name, std::process::id()));
        let written = write(&draft, &compiled).and_then(|()| fs::rename(&draft, self.path()));
        written.map_err(|error| {
            let _ = fs::remove_file(&draft);
            failed(error)
        })
    }
}

fn write(path: &Path, compiled: &[u8]) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&Sha256::digest(compiled))?;
    file.write_all(compiled)
}

/// Whether a file or folder is this user's, and nobody else can write it.
fn trust(path: &Path, metadata: &Metadata) -> Result<(), String> {
    let cause = if metadata.uid() != user() {
        "is another user's"
    } else if metadata.mode() & WRITABLE_BY_OTHERS != 0 {
        "can be written by others"
    } else {
        return Ok(());
    };
    Err(format!("cache_dir is not trusted: {} {cause}", path.display()))
}

/// Who this process acts as.
#[expect(unsafe_code, reason = "the standard library does not tell")]
fn user() -> u32 {
    // SAFETY: it takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

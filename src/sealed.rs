//! Files that this user alone can write, sealed by the hash of their content: what an earlier run left for this one.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sha2::{Digest, Sha256};

/// Mode bits by which others than the owner can write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// The option that names the folder.
const OPTION: &str = "cache_dir";

/// A file in the option `cache_dir`: the hash of its content, and the content.
#[derive(Clone, Debug)]
pub(crate) struct SealedFile {
    folder: PathBuf,
    name: String,
}

/// The SHA-256 of some bytes, in hexadecimal digits.
pub(crate) fn digits(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl SealedFile {
    pub(crate) fn new(folder: PathBuf, name: String) -> Self {
        Self { folder, name }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Its content, at most `limit` bytes; none where it is not there.
    ///
    /// # Errors
    /// With the reason why it must not be used.
    pub(crate) fn read(&self, limit: u64) -> Result<Option<Vec<u8>>, String> {
        let path = self.path();
        let Some(mut content) = self.read_whole(&path, limit + 32)? else { return Ok(None) };
        let unusable = |cause: &str| format!("{} {cause}", path.display());
        let (hash, rest) = content.split_first_chunk::<32>().ok_or_else(|| unusable("is not whole"))?;
        if Sha256::digest(rest)[..] != hash[..] {
            return Err(unusable("is not what was written"));
        }
        content.drain(..32);
        Ok(Some(content))
    }

    fn read_whole(&self, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, String> {
        let unreadable = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
        match fs::metadata(&self.folder) {
            Ok(metadata) => trust(OPTION, &self.folder, &metadata)?,
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
        trust(OPTION, path, &metadata)?;
        if !metadata.is_file() || metadata.len() > limit {
            return Err(format!("{} is nothing that was written", path.display()));
        }
        let mut content = Vec::new();
        file.take(limit).read_to_end(&mut content).map_err(|error| unreadable(path, error))?;
        Ok(Some(content))
    }

    /// Writes it under another name and renames it, so that it is there whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written, or others could write it.
    pub(crate) fn write(&self, parts: &[&[u8]]) -> Result<(), String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let failed = |error: io::Error| format!("cache_dir {}: {error}", self.folder.display());
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed)?;
        trust(OPTION, &self.folder, &fs::metadata(&self.folder).map_err(failed)?)?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let draft = self.folder.join(format!(".{}-{}-{number}", self.name, std::process::id()));
        // What a process of the same number left, which in a container is every one.
        let _ = fs::remove_file(&draft);
        let written = write(&draft, parts).and_then(|()| fs::rename(&draft, self.path()));
        written.map_err(|error| {
            let _ = fs::remove_file(&draft);
            failed(error)
        })
    }
}

fn write(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&hash.finalize())?;
    parts.iter().try_for_each(|part| file.write_all(part))?;
    // Before the rename, so that a machine that loses its power has the old one or the new.
    file.sync_all()
}

/// Whether a file or folder is this user's, and nobody else can write it.
pub(crate) fn trust(option: &str, path: &Path, metadata: &Metadata) -> Result<(), String> {
    let cause = if metadata.uid() != user() {
        "is another user's"
    } else if metadata.mode() & WRITABLE_BY_OTHERS != 0 {
        "can be written by others"
    } else {
        return Ok(());
    };
    Err(format!("{option} is not trusted: {} {cause}", path.display()))
}

/// Who this process acts as.
#[expect(unsafe_code, reason = "the standard library does not tell")]
fn user() -> u32 {
    // SAFETY: it takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

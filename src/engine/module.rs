//! Guests in the library: the engine that runs them and the artefacts that build.rs compiled.

use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};

use once_cell::race::OnceBox;
use wasmtime::{CustomCodeMemory, Engine, InstancePre, Linker, Module};

use super::EngineError;
use super::instance::Sandbox;

include!("config.rs");

/// A service's evaluator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guest {
    /// GO Feature Flag.
    Goff,
    /// Flagsmith.
    Flagsmith,
}

/// The artefact stands page-aligned in an executable section and is run in place: loading it makes no memory executable,
/// which hardened processes forbid (systemd's MemoryDenyWriteExecute, SELinux's execmem).
#[expect(unsafe_code, reason = "a file can be placed in a section of its own only in assembly")]
mod artefacts {
    /// Places the artefacts `$file` one behind the other, and declares where each begins and ends.
    macro_rules! artefacts {
        ($($file:literal $start:ident $end:ident),*) => {
            std::arch::global_asm!(
                ".pushsection .pennon.guests,\"ax\",@progbits",
                $(
                    ".balign 65536",
                    concat!(".hidden ", stringify!($start)),
                    concat!(".globl ", stringify!($start)),
                    concat!(stringify!($start), ":"),
                    concat!(".incbin \"", env!("OUT_DIR"), "/", $file, "\""),
                    concat!(".hidden ", stringify!($end)),
                    concat!(".globl ", stringify!($end)),
                    concat!(stringify!($end), ":"),
                    // So that the end too is the address of a byte that is there.
                    ".byte 0",
                )*
                ".balign 65536",
                ".popsection",
            );

            unsafe extern "C" {
                $(
                    pub(super) static $start: u8;
                    pub(super) static $end: u8;
                )*
            }
        };
    }

    artefacts!(
        "goff.cwasm" pennon_guest_goff_start pennon_guest_goff_end,
        "flagsmith.cwasm" pennon_guest_flagsmith_start pennon_guest_flagsmith_end
    );
}

/// Leaves code memory as it is: the artefact's section is executable from the start.
struct InPlace;

impl CustomCodeMemory for InPlace {
    fn required_alignment(&self) -> usize {
        // To what wasmtime aligns code in its artefacts: the largest page of the architecture.
        if cfg!(target_arch = "x86_64") { 4096 } else { 65_536 }
    }

    fn publish_executable(&self, _: *const u8, _: usize) -> wasmtime::Result<()> {
        Ok(())
    }

    fn unpublish_executable(&self, _: *const u8, _: usize) -> wasmtime::Result<()> {
        Ok(())
    }
}

/// The engine of our own guests, one for the process.
pub(super) fn engine() -> Result<&'static Engine, EngineError> {
    // Nobody waits for who makes it: in the child of a fork that could be a thread that is gone.
    static ENGINE: OnceBox<Result<Engine, EngineError>> = OnceBox::new();
    let engine = ENGINE.get_or_init(|| {
        let mut config = guest_config();
        config.with_custom_code_memory(Some(Arc::new(InPlace)));
        Box::new(Engine::new(&config).map_err(unusable))
    });
    engine.as_ref().map_err(Clone::clone)
}

fn unusable(error: wasmtime::Error) -> EngineError {
    EngineError::Unusable(format!("{error:#}"))
}

impl Guest {
    /// The guest, ready to be instantiated; loaded once for the process.
    pub(super) fn prepared(self) -> Result<&'static InstancePre<Sandbox>, EngineError> {
        // Once, and not by whoever is first of two: wasmtime keeps a list of where code lies, in which this may stand once. A
        // child that is forked while another thread loads it could not load anything either: that list has a lock.
        static GOFF: OnceLock<Result<InstancePre<Sandbox>, EngineError>> = OnceLock::new();
        static FLAGSMITH: OnceLock<Result<InstancePre<Sandbox>, EngineError>> = OnceLock::new();
        let place = match self {
            Self::Goff => &GOFF,
            Self::Flagsmith => &FLAGSMITH,
        };
        let prepared = place.get_or_init(|| {
            let engine = engine()?;
            let module = load(engine, self.artefact())?;
            // Guests import nothing.
            Linker::new(engine).instantiate_pre(&module).map_err(unusable)
        });
        prepared.as_ref().map_err(Clone::clone)
    }

    /// Where its artefact lies.
    fn artefact(self) -> NonNull<[u8]> {
        // Only addresses are taken: the bytes are wasmtime's to read.
        let (start, end) = match self {
            Self::Goff => {
                (&raw const artefacts::pennon_guest_goff_start, &raw const artefacts::pennon_guest_goff_end)
            }
            Self::Flagsmith => (
                &raw const artefacts::pennon_guest_flagsmith_start,
                &raw const artefacts::pennon_guest_flagsmith_end,
            ),
        };
        let start = NonNull::new(start.cast_mut()).unwrap_or(NonNull::dangling());
        NonNull::slice_from_raw_parts(start, end.addr().saturating_sub(start.addr().get()))
    }
}

#[expect(unsafe_code, reason = "wasmtime takes precompiled code on trust")]
fn load(engine: &Engine, artefact: NonNull<[u8]>) -> Result<Module, EngineError> {
    // SAFETY: build.rs wrote these bytes with the same wasmtime; they are part of the library, which is never unloaded
    // (`-z nodelete`), and nothing writes to them.
    unsafe { Module::deserialize_raw(engine, artefact) }.map_err(unusable)
}

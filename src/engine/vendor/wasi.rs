//! WASI preview 1 for modules that need a clock, randomness and somewhere to write: no files, no environment, no network.
//!
//! Each function answers at once and is bounded: a call into the host is not interrupted by the deadline.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wasmtime::{Caller, Engine, Extern, FuncType, InstancePre, Linker, Module, Val, ValType};

use super::super::EngineError;
use super::instance::Host;
use super::one_line;
use super::outlet::Stream;

const WASI: &str = "wasi_snapshot_preview1";

/// Error numbers of WASI.
mod errno {
    pub(super) const SUCCESS: i32 = 0;
    pub(super) const BADF: i32 = 8;
    pub(super) const FAULT: i32 = 21;
    pub(super) const INVAL: i32 = 28;
    pub(super) const NOSYS: i32 = 52;
}

/// Buffers of one `fd_write`; bytes of one `random_get`; subscriptions of one `poll_oneoff`. A module that asks for more at a
/// time is told that this is invalid: what the host does for it would take long.
const MAX_BUFFERS: u32 = 1024;
const MAX_RANDOM: u32 = 64 << 10;
const MAX_SUBSCRIPTIONS: u32 = 1024;

/// Bytes of a subscription and of an event of `poll_oneoff`.
const SUBSCRIPTION_BYTES: u32 = 48;
const EVENT_BYTES: u32 = 32;

/// Functions that only say that there is no such thing: their parameters, `i` for i32 and `l` for i64, and what they say.
#[rustfmt::skip]
const ABSENT: &[(&str, &str, i32)] = &[
    ("clock_res_get", "ii", errno::NOSYS),
    ("fd_advise", "illi", errno::BADF), ("fd_allocate", "ill", errno::BADF), ("fd_close", "i", errno::BADF),
    ("fd_datasync", "i", errno::BADF), ("fd_fdstat_get", "ii", errno::BADF), ("fd_fdstat_set_flags", "ii", errno::BADF),
    ("fd_fdstat_set_rights", "ill", errno::BADF), ("fd_filestat_get", "ii", errno::BADF),
    ("fd_filestat_set_size", "il", errno::BADF), ("fd_filestat_set_times", "illi", errno::BADF),
    ("fd_pread", "iiili", errno::BADF), ("fd_prestat_get", "ii", errno::BADF), ("fd_prestat_dir_name", "iii", errno::BADF),
    ("fd_pwrite", "iiili", errno::BADF), ("fd_read", "iiii", errno::BADF), ("fd_readdir", "iiili", errno::BADF),
    ("fd_renumber", "ii", errno::BADF), ("fd_seek", "ilii", errno::BADF), ("fd_sync", "i", errno::BADF),
    ("fd_tell", "ii", errno::BADF),
    ("path_create_directory", "iii", errno::BADF), ("path_filestat_get", "iiiii", errno::BADF),
    ("path_filestat_set_times", "iiiilli", errno::BADF), ("path_link", "iiiiiii", errno::BADF),
    ("path_open", "iiiiillii", errno::BADF), ("path_readlink", "iiiiii", errno::BADF),
    ("path_remove_directory", "iii", errno::BADF), ("path_rename", "iiiiii", errno::BADF),
    ("path_symlink", "iiiii", errno::BADF), ("path_unlink_file", "iii", errno::BADF),
    ("proc_raise", "i", errno::NOSYS),
    ("sock_accept", "iii", errno::BADF), ("sock_recv", "iiiiii", errno::BADF), ("sock_send", "iiiii", errno::BADF),
    ("sock_shutdown", "ii", errno::BADF),
];

/// A module ended itself.
#[derive(Debug)]
pub(super) struct Exited(pub i32);

impl std::fmt::Display for Exited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the module ended itself with status {}", self.0)
    }
}

impl std::error::Error for Exited {}

/// The module with its imports, which are checked one by one so that the error names the one that is refused.
pub(super) fn link(engine: &Engine, module: &Module) -> Result<InstancePre<Host>, EngineError> {
    let defined = linker(engine).map_err(|error| EngineError::Unusable(format!("{error:#}")))?;
    for import in module.imports() {
        let mut names = ABSENT.iter().map(|(name, ..)| *name).chain(PRESENT.iter().copied());
        if import.module() != WASI || !names.any(|name| name == import.name()) {
            return Err(EngineError::Unsuitable(format!(
                "imports {}.{}; allowed: functions of {WASI}",
                import.module(),
                import.name()
            )));
        }
    }
    defined.instantiate_pre(module).map_err(|error| EngineError::Unsuitable(one_line(&error)))
}

/// Functions that do something.
const PRESENT: [&str; 10] = [
    "args_get",
    "args_sizes_get",
    "environ_get",
    "environ_sizes_get",
    "clock_time_get",
    "fd_write",
    "poll_oneoff",
    "proc_exit",
    "random_get",
    "sched_yield",
];

fn linker(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    for (name, parameters, answer) in ABSENT {
        let parameters =
            parameters.bytes().map(|letter| if letter == b'l' { ValType::I64 } else { ValType::I32 });
        let function = FuncType::new(engine, parameters, [ValType::I32]);
        linker.func_new(WASI, name, function, |_, _, results| {
            if let Some(result) = results.first_mut() {
                *result = Val::I32(*answer);
            }
            Ok(())
        })?;
    }
    linker
        .func_wrap(WASI, "args_sizes_get", no_texts)?
        .func_wrap(WASI, "environ_sizes_get", no_texts)?
        .func_wrap(WASI, "args_get", |_: i32, _: i32| errno::SUCCESS)?
        .func_wrap(WASI, "environ_get", |_: i32, _: i32| errno::SUCCESS)?
        .func_wrap(WASI, "clock_time_get", clock_time_get)?
        .func_wrap(WASI, "fd_write", fd_write)?
        .func_wrap(WASI, "poll_oneoff", poll_oneoff)?
        .func_wrap(WASI, "proc_exit", |status: i32| -> wasmtime::Result<()> {
            Err(wasmtime::Error::new(Exited(status)))
        })?
        .func_wrap(WASI, "random_get", random_get)?
        .func_wrap(WASI, "sched_yield", || errno::SUCCESS)?;
    Ok(linker)
}

/// Lets `work` use the module's memory: `SUCCESS` where all of it was there. There is none while a start function runs before
/// it can be found.
fn in_memory(caller: &mut Caller<'_, Host>, work: impl FnOnce(&mut [u8], &mut Host) -> Option<()>) -> i32 {
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    let done = memory.and_then(|memory| {
        let (bytes, host) = memory.data_and_store_mut(caller);
        work(bytes, host)
    });
    if done.is_some() { errno::SUCCESS } else { errno::FAULT }
}

/// The bytes at an address, if all of them are in memory.
fn slice(bytes: &mut [u8], address: u32, length: u32) -> Option<&mut [u8]> {
    let start = address as usize;
    bytes.get_mut(start..start.checked_add(length as usize)?)
}

fn read<const N: usize>(bytes: &mut [u8], address: u32) -> Option<[u8; N]> {
    slice(bytes, address, N as u32)?.first_chunk().copied()
}

fn write(bytes: &mut [u8], address: u32, value: &[u8]) -> Option<()> {
    slice(bytes, address, value.len() as u32)?.copy_from_slice(value);
    Some(())
}

/// No arguments and no environment: a count of zero, in zero bytes.
fn no_texts(mut caller: Caller<'_, Host>, count: u32, length: u32) -> i32 {
    in_memory(&mut caller, |bytes, _| {
        write(bytes, count, &[0; 4])?;
        write(bytes, length, &[0; 4])
    })
}

/// Calendar time, and time since the first question.
fn clock_time_get(mut caller: Caller<'_, Host>, clock: i32, _precision: i64, target: u32) -> i32 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let time = match clock {
        0 => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        // Never zero, which a module may take for no time.
        1 => FIRST.get_or_init(Instant::now).elapsed() + Duration::from_nanos(1),
        _ => return errno::INVAL,
    };
    let time = (time.as_nanos() as u64).to_le_bytes();
    in_memory(&mut caller, |bytes, _| write(bytes, target, &time))
}

/// Standard output and error go to the transcript; all is said to be written, because a module could do no better.
fn fd_write(mut caller: Caller<'_, Host>, descriptor: i32, buffers: u32, count: u32, written: u32) -> i32 {
    let stream = match descriptor {
        1 => Stream::Output,
        2 => Stream::Error,
        _ => return errno::BADF,
    };
    if count > MAX_BUFFERS {
        return errno::INVAL;
    }
    in_memory(&mut caller, |bytes, host| {
        let mut total = 0_u32;
        for number in 0..count {
            let place = buffers.checked_add(number * 8)?;
            let address = u32::from_le_bytes(read(bytes, place)?);
            let length = u32::from_le_bytes(read(bytes, place.checked_add(4)?)?);
            host.transcript.write(stream, slice(bytes, address, length)?);
            total = total.saturating_add(length);
        }
        write(bytes, written, &total.to_le_bytes())
    })
}

/// All timers are said to have run out, and nothing else to be there: nobody waits here.
fn poll_oneoff(
    mut caller: Caller<'_, Host>,
    subscriptions: u32,
    events: u32,
    count: u32,
    written: u32,
) -> i32 {
    if count == 0 || count > MAX_SUBSCRIPTIONS {
        return errno::INVAL;
    }
    in_memory(&mut caller, |bytes, _| {
        for number in 0..count {
            let subscription = subscriptions.checked_add(number * SUBSCRIPTION_BYTES)?;
            let userdata: [u8; 8] = read(bytes, subscription)?;
            let [kind] = read(bytes, subscription.checked_add(8)?)?;
            let mut event = [0; EVENT_BYTES as usize];
            let (head, rest) = event.split_at_mut(8);
            head.copy_from_slice(&userdata);
            let error = if kind == 0 { errno::SUCCESS } else { errno::BADF };
            if let [low, _, tag, ..] = rest {
                (*low, *tag) = (error as u8, kind);
            }
            write(bytes, events.checked_add(number * EVENT_BYTES)?, &event)?;
        }
        write(bytes, written, &count.to_le_bytes())
    })
}

fn random_get(mut caller: Caller<'_, Host>, target: u32, length: u32) -> i32 {
    if length > MAX_RANDOM {
        return errno::INVAL;
    }
    in_memory(&mut caller, |bytes, _| getrandom::fill(slice(bytes, target, length)?).ok())
}

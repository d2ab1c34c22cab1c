//! Builds the guests for WebAssembly and compiles them ahead of time for the target's baseline CPU.
//!
//! Writes to OUT_DIR only. `PENNON_GUESTS=<dir>` takes `<dir>/<guest>.wasm` instead of building them.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

include!("src/engine/config.rs");

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The guests: crate, and name of the artefact.
const GUESTS: [(&str, &str); 2] = [("pennon-goff", "goff"), ("pennon-flagsmith", "flagsmith")];

/// What the outer build sets for its own compiler, and would change the guests.
const OUTER_VARIABLES: [&str; 9] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    println!("cargo:rerun-if-env-changed=PENNON_GUESTS");
    println!("cargo:rerun-if-changed=src/engine/config.rs");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=wasm");
    println!("cargo:rerun-if-changed=Cargo.lock");
    link()?;
    for (package, name) in GUESTS {
        let wasm = match env::var_os("PENNON_GUESTS") {
            Some(directory) => {
                let path = Path::new(&directory).join(format!("{name}.wasm"));
                println!("cargo:rerun-if-changed={}", path.display());
                path
            }
            None => build(&root, &out, package)?,
        };
        let bytes = fs::read(&wasm).map_err(|error| format!("guest {}: {error}", wasm.display()))?;
        fs::write(out.join(format!("{name}.cwasm")), compile(&bytes)?)?;
    }
    Ok(())
}

fn variable(name: &str) -> Result<OsString, String> {
    env::var_os(name).ok_or_else(|| format!("cargo does not set {name}"))
}

/// Link arguments of the shared library: its soname with the ABI's number, no unloading, only `pennon_*` exported.
fn link() -> Result<(), Box<dyn Error>> {
    let abi = fs::read_to_string("src/version.rs")?;
    let abi = abi
        .lines()
        .find_map(|line| line.strip_prefix("pub const ABI_VERSION: u32 = ")?.strip_suffix(';'))
        .ok_or("src/version.rs does not state ABI_VERSION")?;
    println!("cargo:rerun-if-changed=src/version.rs");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libpennon.so.{abi}");
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        // Dependencies export too. No version script: rustc has one of its own, and GNU's ld takes no second one.
        println!("cargo:rustc-cdylib-link-arg=-Wl,--exclude-libs,ALL");
    }
    Ok(())
}

/// Builds a guest with a cargo of its own: own target directory, the lock file as it is, none of the outer build's
/// flags, and no path of this machine in the result.
fn build(root: &Path, out: &Path, package: &str) -> Result<PathBuf, Box<dyn Error>> {
    let target = out.join("guests");
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    let mut flags = vec![format!("--remap-path-prefix={}=/pennon", root.display())];
    flags.extend(home.map(|home| format!("--remap-path-prefix={}=/cargo", home.display())));
    flags.push("-Clink-arg=--stack-first".into());
    // One size from the start to the end: accesses are compared with a constant.
    flags.push(format!("-Clink-arg=--initial-memory={MEMORY_BYTES}"));
    flags.push(format!("-Clink-arg=--max-memory={MEMORY_BYTES}"));
    let mut cargo = Command::new(variable("CARGO")?);
    for (name, _) in env::vars_os() {
        // Also profiles: CARGO_PROFILE_* of the outer build would apply to the guests.
        if name.to_string_lossy().starts_with("CARGO_PROFILE_") {
            cargo.env_remove(name);
        }
    }
    for name in OUTER_VARIABLES {
        cargo.env_remove(name);
    }
    cargo
        .current_dir(root)
        .args(["rustc", "--locked", "--lib", "--crate-type", "cdylib", "--profile", "guest"])
        .args(["--target", WASM_TARGET, "--package", package, "--target-dir"])
        .arg(&target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    let output = cargo.output()?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "building the guest {package} failed (is the target there? `rustup target add {WASM_TARGET}`, or set \
             PENNON_GUESTS to a directory of prebuilt guests):\n{errors}"
        )
        .into());
    }
    Ok(target.join(WASM_TARGET).join("guest").join(package.replace('-', "_")).with_extension("wasm"))
}

/// Compiles a guest for the baseline CPU of the target, never for the features of the build machine.
fn compile(wasm: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let target = env::var("TARGET")?;
    let mut config = guest_config();
    config
        .target(&target)
        .map_err(|error| format!("wasmtime cannot compile for {target}: {error}"))?
        .cranelift_opt_level(wasmtime::OptLevel::Speed)
        .strategy(wasmtime::Strategy::Cranelift);
    let engine = wasmtime::Engine::new(&config).map_err(|error| error.to_string())?;
    Ok(engine.precompile_module(wasm).map_err(|error| error.to_string())?)
}

//! The committed header is what cbindgen makes of the sources. `make header` writes it: `PENNON_WRITE_HEADER=1`.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::{env, fs};

fn generate(root: &Path) -> String {
    let template = fs::read_to_string(root.join("cbindgen.toml")).expect("cbindgen.toml is there");
    let mut version = env!("CARGO_PKG_VERSION").split('.');
    let mut part = || version.next().expect("a version has three parts");
    let filled = template
        .replace("@MAJOR@", part())
        .replace("@MINOR@", part())
        .replace("@PATCH@", part())
        .replace("@ABI@", &pennon::ABI_VERSION.to_string());
    let directory = env::temp_dir().join(format!(
        "pennon-header-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    fs::create_dir_all(&directory).expect("a temporary directory can be made");
    let path = directory.join("cbindgen.toml");
    fs::write(&path, filled).expect("the configuration can be written");
    let config = cbindgen::Config::from_file(&path).expect("the configuration is valid");
    let mut header = Vec::new();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for name in [
        "version",
        "status",
        "error",
        "text",
        "log",
        "provider_event",
        "options",
        "client",
        "context",
        "evaluation",
        "evaluate",
        "explain",
        "segments",
        "delivery",
    ] {
        builder = builder.with_src(root.join(format!("src/ffi/{name}.rs")));
    }
    builder.generate().expect("the sources can be read").write(&mut header);
    fs::remove_dir_all(&directory).expect("the temporary directory can be removed");
    String::from_utf8(header).expect("the header is text")
}

#[test]
fn every_function_of_the_c_surface_is_in_the_header() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = generate(root);
    let mut functions = 0;
    for entry in fs::read_dir(root.join("src/ffi")).expect("src/ffi can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            continue;
        }
        let source = fs::read_to_string(path).expect("a source can be read");
        for name in source.split("extern \"C\" fn ").skip(1).filter_map(|rest| rest.split('(').next()) {
            functions += usize::from(name.starts_with("pennon_"));
            assert!(
                !name.starts_with("pennon_") || header.contains(&format!("{name}(")),
                "{name} is not in the header"
            );
        }
    }
    assert!(functions > 50, "{functions}");
}

#[test]
fn the_committed_header_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("include/pennon.h");
    let generated = generate(root);
    if env::var_os("PENNON_WRITE_HEADER").is_some() {
        fs::create_dir_all(root.join("include")).expect("include can be made");
        fs::write(&path, &generated).expect("the header can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == generated, "include/pennon.h is stale: run `make header` and read the difference");
}

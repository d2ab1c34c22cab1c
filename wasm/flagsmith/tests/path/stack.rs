//! The deepest paths on a stack as small as a guest's.

use pennon_flagsmith::path::{MAX_DEPTH, Path};

use crate::Engine;
use crate::document::{Node, Value};

/// Less than a guest's stack, of 64 KiB; more than half of it is the thread's own. Frames of a build for debugging are several times as large.
const STACK: usize = if cfg!(debug_assertions) { 512 << 10 } else { 48 << 10 };

fn nested(open: &str, close: &str, levels: usize) -> String {
    format!("$[?{}@.a{}]", open.repeat(levels), close.repeat(levels))
}

#[test]
fn the_deepest_paths_need_no_more_than_a_guests_stack() {
    let mut document = Value::Int(1);
    for _ in 0..500 {
        document = Value::Map(vec![("a", Value::List(vec![document]))]);
    }
    let documents =
        Value::List(vec![document.clone(), Value::Map(vec![("a", document.clone()), ("b", document)])]);
    // The outermost filter counts as four levels, like any other.
    let last = MAX_DEPTH - 4;
    let paths = [
        nested("(", ")", last),
        nested("!", "", last),
        nested("@[?", "]", last / 4),
        nested("@.a[?", "]", last / 4),
        nested("@.a[?(@.a==1||!", ")]", last / 6),
        nested("value(@[?", "])==1", last / 5),
        format!("$[?{}@.a{}==1]", "length(".repeat(last), ")".repeat(last)),
        format!("$[?@.a{}]", "==@.b".repeat(last)),
        "$[?@.a==@.b].b".to_owned(),
        "$..a..a..a".to_owned(),
    ];
    let walk = move || {
        for path in &paths {
            let path = Path::parse(path, &Engine).expect("it is no deeper than allowed");
            drop(path.first(Node::root(&documents), &Engine));
        }
        assert!(Path::parse(&nested("(", ")", 5_000), &Engine).is_err());
        // The documents are dropped by recursion: not here.
        std::mem::forget(documents);
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(walk).expect("a thread starts");
    thread.join().expect("it ends");
}

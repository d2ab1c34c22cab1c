//! How a module is called, told by what it exports.

use wasmtime::{ExternType, FuncType, Module, ValType};

use super::super::EngineError;

/// The functions of a calling convention: name, parameters, results.
type Convention = &'static [(&'static str, &'static [Number], &'static [Number])];

/// The types that conventions use.
#[derive(Clone, Copy, PartialEq)]
enum Number {
    I32,
    I64,
}

impl Number {
    fn is(self, other: &ValType) -> bool {
        match self {
            Self::I32 => matches!(other, ValType::I32),
            Self::I64 => matches!(other, ValType::I64),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
        }
    }
}

/// GO Feature Flag's: the question is written to memory of `malloc`, and `evaluate` returns where the answer is.
const BUFFERS: Convention = &[
    ("malloc", &[Number::I32], &[Number::I32]),
    ("free", &[Number::I32], &[]),
    ("evaluate", &[Number::I32, Number::I32], &[Number::I64]),
];

/// Functions that run once, before the first call, where a module has them.
pub(super) const STARTERS: [&str; 2] = ["_start", "_initialize"];

/// Checks that the module exports what a convention of ours asks for; the error names what it lacks.
pub(super) fn check(module: &Module) -> Result<(), EngineError> {
    match module.get_export("memory") {
        Some(ExternType::Memory(memory)) if !memory.is_64() && !memory.is_shared() => {}
        _ => return Err(lacks("memory of 32 bits", "memory")),
    }
    for (name, parameters, results) in BUFFERS {
        let fits = match module.get_export(name) {
            Some(ExternType::Func(function)) => is_of_type(&function, parameters, results),
            _ => false,
        };
        if !fits {
            return Err(lacks("function", &signature(name, parameters, results)));
        }
    }
    for name in STARTERS {
        if let Some(export) = module.get_export(name)
            && !export.func().is_some_and(|function| is_of_type(function, &[], &[]))
        {
            return Err(EngineError::Unsuitable(format!(
                "exports {name} as another thing than a function {name}()"
            )));
        }
    }
    Ok(())
}

fn lacks(what: &str, missing: &str) -> EngineError {
    let allowed: Vec<_> =
        BUFFERS.iter().map(|(name, parameters, results)| signature(name, parameters, results)).collect();
    EngineError::Unsuitable(format!(
        "exports no {what} {missing}; allowed: a module that exports memory, {}",
        allowed.join(", ")
    ))
}

fn is_of_type(function: &FuncType, parameters: &[Number], results: &[Number]) -> bool {
    let same = |have: &mut dyn ExactSizeIterator<Item = ValType>, want: &[Number]| {
        have.len() == want.len() && have.zip(want).all(|(have, want)| want.is(&have))
    };
    same(&mut function.params(), parameters) && same(&mut function.results(), results)
}

fn signature(name: &str, parameters: &[Number], results: &[Number]) -> String {
    let list = |numbers: &[Number]| numbers.iter().map(|number| number.name()).collect::<Vec<_>>().join(", ");
    let arrow = if results.is_empty() { "" } else { " -> " };
    format!("{name}({}){arrow}{}", list(parameters), list(results))
}

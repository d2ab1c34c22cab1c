//! The `pennon` command: evaluates flags as a program that links the library would.

mod answer;
mod batch;
mod eval;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Evaluates feature flags in-process.
#[derive(Parser)]
#[command(name = "pennon", version, about, long_about = None)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Evaluate flags of a ruleset file.
    Eval(eval::Arguments),
}

/// How the command ends; `clap` itself ends with 2 on wrong arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Everything was evaluated.
    Done = 0,
    /// The flag asked for with `--flag` gave an error.
    Failed = 1,
    /// The ruleset, the context or a file cannot be used; nothing was evaluated.
    Unusable = 3,
}

fn main() -> ExitCode {
    let Command::Eval(arguments) = Arguments::parse().command;
    match eval::run(&arguments) {
        Ok(outcome) => ExitCode::from(outcome as u8),
        Err(message) => {
            eprintln!("pennon: {message}");
            ExitCode::from(Outcome::Unusable as u8)
        }
    }
}

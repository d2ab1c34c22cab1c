//! The `pennon` command: evaluates flags as a program that links the library would.

mod answer;
mod batch;
mod bench;
mod eval;
mod explain;
mod lint;
mod moment;
mod source;
mod watch;

use std::io;
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
    /// Evaluate flags of a ruleset file or a live service.
    Eval(eval::Arguments),
    /// Say what is wrong with the flags of a ruleset file.
    Lint(lint::Arguments),
    /// Explain why a flag answers as it does.
    Explain(explain::Arguments),
    /// Measure evaluations of a ruleset with contexts of your own.
    Bench(bench::Arguments),
    /// Follow a live service and say what happens.
    Watch(watch::Arguments),
}

/// How the command ends; `clap` itself ends with 2 on wrong arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Everything was done.
    Done = 0,
    /// The flag that was asked for gave an error, or `lint` found one.
    Failed = 1,
    /// The ruleset, the context or a file cannot be used; or `watch` leaves events unsent.
    Unusable = 3,
}

fn main() -> ExitCode {
    let ended = match Arguments::parse().command {
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Watch(arguments) => watch::run(&arguments),
    };
    match ended {
        Ok(outcome) => ExitCode::from(outcome as u8),
        Err(message) => {
            eprintln!("pennon: {message}");
            ExitCode::from(Outcome::Unusable as u8)
        }
    }
}

/// What was written; none where whoever read the output has read enough.
fn ended<T>(written: io::Result<T>) -> Result<Option<T>, String> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(None),
        Err(error) => Err(error.to_string()),
        Ok(written) => Ok(Some(written)),
    }
}

//! `pennon eval`: one flag, all flags, or a stream of questions.

use std::io::{self, Write};
use std::path::PathBuf;

use pennon::{Client, Context, Evaluations, FlagType, Mode};

use crate::source::{self, Source, context};
use crate::{Outcome, answer, batch};

/// Evaluate flags of a ruleset file.
///
/// Exit status: 0 done; 1 the flag of --flag gave an error; 2 wrong arguments; 3 the ruleset, the context or a file cannot be
/// used.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The vendor's own module, which answers instead of Pennon's evaluator.
    #[arg(long, value_name = "WASM")]
    module: Option<PathBuf>,
    /// A folder that keeps the compiled module for the next run.
    #[arg(long, value_name = "DIR", requires = "module")]
    cache_dir: Option<PathBuf>,
    /// Let the service evaluate, over OFREP, instead of fetching its ruleset.
    #[arg(long, requires = "endpoint")]
    remote: bool,
    /// The flag to evaluate; all flags without it.
    #[arg(long, value_name = "KEY", conflicts_with = "batch")]
    flag: Option<String>,
    /// The type that --flag has to be of.
    #[arg(long = "type", value_name = "TYPE", value_parser = flag_type, requires = "flag")]
    flag_type: Option<FlagType>,
    /// The evaluation context: a JSON object, or @FILE with one.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}", conflicts_with = "batch")]
    context: String,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Read one question a line from standard input, `{"flag": KEY, "context": {...}}` (all flags without `flag`), and write
    /// one answer a line in the same order.
    #[arg(long)]
    batch: bool,
}

fn flag_type(name: &str) -> Result<FlagType, String> {
    match name {
        "bool" => Ok(FlagType::Boolean),
        "string" => Ok(FlagType::String),
        "int" => Ok(FlagType::Integer),
        "double" => Ok(FlagType::Double),
        "object" => Ok(FlagType::Object),
        _ => Err("known types: bool, string, int, double, object".into()),
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let mut options = arguments.source.options();
    if let Some(module) = &arguments.module {
        options = options.module_path(module);
    }
    if let Some(folder) = &arguments.cache_dir {
        options = options.cache_dir(folder);
    }
    if arguments.remote {
        options = options.mode(Mode::Remote);
    }
    let Some(client) = source::client(options)? else { return Ok(Outcome::Unusable) };
    let mut out = io::stdout().lock();
    let written = if arguments.batch {
        batch::run(&client, io::stdin().lock(), &mut out).map(|()| Outcome::Done)
    } else {
        let context = context(&arguments.context)?;
        evaluate(&client, arguments, &context, &mut out)
    };
    let outcome = written.and_then(|outcome| out.flush().map(|()| outcome));
    Ok(crate::ended(outcome)?.unwrap_or(Outcome::Done))
}

fn evaluate(
    client: &Client,
    arguments: &Arguments,
    context: &Context,
    out: &mut impl Write,
) -> io::Result<Outcome> {
    let Some(key) = &arguments.flag else {
        if arguments.json {
            writeln!(out, "{}", answer::all(client, context))?;
        } else {
            table(&client.evaluate_all(context).unwrap_or_default(), out)?;
        }
        return Ok(Outcome::Done);
    };
    let evaluation = client.evaluate(key, arguments.flag_type.unwrap_or(FlagType::Any), context);
    let outcome = if evaluation.error_code().is_some() { Outcome::Failed } else { Outcome::Done };
    if arguments.json {
        writeln!(out, "{}", evaluation.to_json())?;
    } else {
        table(&Evaluations::from_iter([evaluation]), out)?;
    }
    Ok(outcome)
}

/// Longest value that a table shows, in characters.
const SHOWN: usize = 48;

fn table(evaluations: &Evaluations, out: &mut impl Write) -> io::Result<()> {
    let header = ["FLAG", "VALUE", "VARIANT", "REASON", "METADATA"].map(str::to_owned);
    let rows = evaluations.iter().map(|evaluation| {
        let value = match (evaluation.error_code(), evaluation.value_json()) {
            (Some(_), _) | (_, "") => "(default)".to_owned(),
            (None, json) if json.chars().count() > SHOWN => {
                json.chars().take(SHOWN).chain("...".chars()).collect()
            }
            (None, json) => json.to_owned(),
        };
        let note = match evaluation.error_code() {
            Some(code) => format!("{}: {}", code.name(), evaluation.error_message()),
            None => evaluation.metadata_json().to_owned(),
        };
        let reason = evaluation.reason().name().to_owned();
        [evaluation.key().to_owned(), value, evaluation.variant().to_owned(), reason, note]
    });
    let rows: Vec<[String; 5]> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..4).map(width).collect();
    for row in &rows {
        let padded = row.iter().zip(widths.iter().chain(&[0])).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

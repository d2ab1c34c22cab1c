//! `pennon lint`: what the authors of flags should know.

use std::io::{self, Write};

use pennon::{Diagnostic, FlagDiagnostics, Severity};

use crate::Outcome;
use crate::source::Source;

/// Say what is wrong with the flags of a ruleset file, what the service does with it, and what was probably meant.
///
/// Exit status: 0 nothing to say; 1 there are errors, or warnings with --strict; 2 wrong arguments; 3 the ruleset cannot be
/// used.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Print a JSON list, one object for each diagnostic.
    #[arg(long)]
    json: bool,
    /// Let warnings fail too.
    #[arg(long)]
    strict: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let Some(client) = arguments.source.client()? else { return Ok(Outcome::Unusable) };
    let flags = client.diagnostics();
    let count = |severity| {
        flags
            .iter()
            .flat_map(|flag| &flag.diagnostics)
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let mut out = io::stdout().lock();
    let written = if arguments.json {
        writeln!(out, "{}", client.diagnostics_json())
    } else {
        report(&flags, &mut out).and_then(|()| {
            let total = client.stats().flags;
            writeln!(out, "{total} flags: {errors} errors, {warnings} warnings")
        })
    };
    crate::ended(written.and_then(|()| out.flush()))?;
    let failed = errors > 0 || (arguments.strict && warnings > 0);
    Ok(if failed { Outcome::Failed } else { Outcome::Done })
}

fn report(flags: &[FlagDiagnostics], out: &mut impl Write) -> io::Result<()> {
    for flag in flags {
        for diagnostic in &flag.diagnostics {
            one(&flag.key, diagnostic, out)?;
        }
    }
    Ok(())
}

fn one(key: &str, diagnostic: &Diagnostic, out: &mut impl Write) -> io::Result<()> {
    let place: Vec<_> = [key, &diagnostic.rule].into_iter().filter(|part| !part.is_empty()).collect();
    let column = match diagnostic.column {
        0 => String::new(),
        column => format!(", column {column}"),
    };
    let place = place.join(" ");
    writeln!(out, "{}[{}] {place}{column}", diagnostic.severity.name(), diagnostic.code)?;
    writeln!(out, "    {}", diagnostic.message)?;
    if !diagnostic.suggestion.is_empty() {
        writeln!(out, "    probably meant: {}", diagnostic.suggestion)?;
    }
    Ok(())
}

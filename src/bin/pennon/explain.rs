//! `pennon explain`: why a flag answers as it does.

use std::io::{self, Write};

use serde_json::Value;

use crate::Outcome;
use crate::source::{Source, context};

/// Explain why a flag answers as it does: which rule decided, what its query compared, and what would have to differ.
///
/// Exit status: 0 done; 1 the flag gave an error; 2 wrong arguments; 3 the ruleset, the context or a file cannot be used.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The flag to explain.
    #[arg(long, value_name = "KEY")]
    flag: String,
    /// The evaluation context: a JSON object, or @FILE with one.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    context: String,
    /// Print JSON, in one line.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let Some(client) = arguments.source.client()? else { return Ok(Outcome::Unusable) };
    let explanation = client.explain(&arguments.flag, &context(&arguments.context)?);
    let parsed: Value = serde_json::from_str(&explanation).map_err(|error| error.to_string())?;
    let mut out = io::stdout().lock();
    let written = if arguments.json { writeln!(out, "{explanation}") } else { tell(&parsed, &mut out) };
    crate::ended(written.and_then(|()| out.flush()))?;
    Ok(if parsed.get("errorCode").is_some() { Outcome::Failed } else { Outcome::Done })
}

fn text<'v>(object: &'v Value, name: &str) -> &'v str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn items<'v>(object: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    object.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn tell(explanation: &Value, out: &mut impl Write) -> io::Result<()> {
    let key = text(explanation, "key");
    match explanation.get("value") {
        Some(value) => {
            let variant = match explanation.get("variant").and_then(Value::as_str) {
                Some(variant) => format!(", variant {variant}"),
                None => String::new(),
            };
            writeln!(out, "{key} = {value}  ({}{variant})", text(explanation, "reason"))?;
        }
        None => {
            writeln!(out, "{key}: {}: {}", text(explanation, "errorCode"), text(explanation, "errorDetails"))?
        }
    }
    if !text(explanation, "decidedBy").is_empty() {
        writeln!(out, "decided by {}: {}", text(explanation, "decidedBy"), text(explanation, "because"))?;
    }
    if let Some(choice) = explanation.get("choice") {
        tell_choice(choice, out)?;
    }
    for step in items(explanation, "scheduledSteps") {
        let applied = step.get("applied").and_then(Value::as_bool).unwrap_or_default();
        writeln!(
            out,
            "scheduled step of {}: {}",
            text(step, "date"),
            if applied { "applied" } else { "not applied" }
        )?;
    }
    for rule in items(explanation, "rules") {
        tell_rule(rule, out)?;
    }
    if let Some(more) = explanation.get("moreRules") {
        writeln!(out, "\n{more} more rules")?;
    }
    Ok(())
}

fn tell_choice(choice: &Value, out: &mut impl Write) -> io::Result<()> {
    match text(choice, "error") {
        "" => writeln!(out, "it gives variation {}", text(choice, "variation"))?,
        error => writeln!(out, "it gives nothing: {error}")?,
    }
    let Some(split) = choice.get("split") else { return Ok(()) };
    let number = |name| split.get(name).cloned().unwrap_or_default();
    let (attribute, value) = (text(split, "attribute"), text(split, "value"));
    writeln!(out, "  by {attribute} {value:?}: bucket {} of {}", number("bucket"), number("of"))?;
    for share in items(split, "shares") {
        let bound = |name| share.get(name).cloned().unwrap_or_default();
        writeln!(out, "  {}: from {} to below {}", text(share, "variation"), bound("from"), bound("below"))?;
    }
    match split.get("share") {
        Some(share) => writeln!(out, "  buckets below {share} have the end's variation by now"),
        None => Ok(()),
    }
}

fn tell_rule(rule: &Value, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{}: {}", text(rule, "rule"), text(rule, "result"))?;
    if rule.get("query").is_some() {
        writeln!(out, "  query: {}", text(rule, "query"))?;
    }
    for comparison in items(rule, "comparisons") {
        let holds = comparison.get("holds").and_then(Value::as_bool).unwrap_or_default();
        let operands: Vec<_> = items(comparison, "operands")
            .map(|operand| {
                format!(
                    "{} is {}",
                    text(operand, "attribute"),
                    operand.get("value").cloned().unwrap_or_default()
                )
            })
            .collect();
        let fault = match text(comparison, "fault") {
            "" => String::new(),
            fault => format!("; {fault}"),
        };
        let sign = if holds { "yes" } else { "no " };
        writeln!(out, "  {sign} {}    {}{fault}", text(comparison, "comparison"), operands.join(", "))?;
    }
    for (name, words) in [("toMatch", "to match"), ("notToMatch", "not to match")] {
        let differences: Vec<_> = items(rule, name).filter_map(Value::as_str).collect();
        if !differences.is_empty() {
            writeln!(out, "  {words}: {}", differences.join("; "))?;
        }
    }
    match text(rule, "note") {
        "" => Ok(()),
        note => writeln!(out, "  note: {note}"),
    }
}

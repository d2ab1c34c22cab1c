//! Where flags come from: the arguments that all commands share.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pennon::{Client, Context, Format, Log, LogLevel, Options, Service, State};

/// A ruleset and the service whose rules apply.
#[derive(clap::Args)]
pub struct Source {
    /// The flag service whose rules apply.
    #[arg(long, value_parser = service)]
    service: Service,
    /// The ruleset: a flags file or the relay's configuration answer, in JSON, YAML or TOML (told by the file's name).
    #[arg(long, value_name = "FILE")]
    pub ruleset: PathBuf,
    /// The format of the ruleset, where its name does not tell it.
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    ruleset_format: Option<Format>,
}

fn service(name: &str) -> Result<Service, String> {
    Service::parse(name).ok_or_else(|| "known services: goff".into())
}

fn format(name: &str) -> Result<Format, String> {
    match name {
        "json" => Ok(Format::Json),
        "yaml" => Ok(Format::Yaml),
        "toml" => Ok(Format::Toml),
        _ => Err("known formats: json, yaml, toml".into()),
    }
}

/// Says on standard error what the client says.
#[derive(Debug)]
struct StandardError;

impl Log for StandardError {
    fn log(&self, level: LogLevel, message: &str) {
        if level <= LogLevel::Warn {
            eprintln!("pennon: {message}");
        }
    }
}

impl Source {
    /// Options of a client of this ruleset.
    pub fn options(&self) -> Options {
        let options = Options::new(self.service)
            .ruleset_file(&self.ruleset)
            .watch_interval(Duration::ZERO)
            .log(Arc::new(StandardError));
        match self.ruleset_format {
            Some(format) => options.ruleset_format(format),
            None => options,
        }
    }

    /// A client of this ruleset; none where the ruleset cannot be used, which the log has said.
    pub fn client(&self) -> Result<Option<Client>, String> {
        client(self.options())
    }
}

/// A client of these options; none where the ruleset cannot be used, which the log has said.
pub fn client(options: Options) -> Result<Option<Client>, String> {
    let client = Client::new(options).map_err(|error| error.to_string())?;
    Ok(Some(client).filter(|client| client.state() == State::Ready))
}

/// An evaluation context from an argument: a JSON object, or `@FILE` with one.
pub fn context(argument: &str) -> Result<Context, String> {
    let json = match argument.strip_prefix('@') {
        Some(path) => fs::read_to_string(path).map_err(|error| format!("context {path}: {error}"))?,
        None => argument.to_owned(),
    };
    Context::from_json(&json).map_err(|error| error.to_string())
}

//! Where flags come from: the arguments that all commands share.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::error::ErrorKind;
use pennon::{Client, Context, Format, Log, LogLevel, Options, Service};

/// A ruleset and the service whose rules apply.
#[derive(clap::Args)]
pub struct Source {
    /// The flag service whose rules apply.
    #[arg(long, value_parser = service)]
    service: Service,
    /// The ruleset: a flags file or the relay's configuration answer, in JSON, YAML or TOML (told by the file's name).
    #[arg(long, value_name = "FILE", required_unless_present = "endpoint", conflicts_with = "endpoint")]
    pub ruleset: Option<PathBuf>,
    /// The format of the ruleset, where its name does not tell it.
    #[arg(long, value_name = "FORMAT", value_parser = format, requires = "ruleset")]
    ruleset_format: Option<Format>,
    /// The base URL of a live service.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The key that the service asks for.
    #[arg(long, value_name = "KEY", requires = "endpoint")]
    api_key: Option<String>,
    /// An option of the client, under the name that docs/options.md gives it; may be given more than once.
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = assignment)]
    options: Vec<(String, String)>,
}

fn service(name: &str) -> Result<Service, String> {
    Service::parse(name).ok_or_else(|| "known services: goff, flagsmith".into())
}

fn format(name: &str) -> Result<Format, String> {
    match name {
        "json" => Ok(Format::Json),
        "yaml" => Ok(Format::Yaml),
        "toml" => Ok(Format::Toml),
        _ => Err("known formats: json, yaml, toml".into()),
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it has to be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
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

/// Ends the command: its arguments cannot be used.
fn wrong(message: impl std::fmt::Display) -> ! {
    clap::Error::raw(ErrorKind::InvalidValue, format!("{message}\n")).exit()
}

impl Source {
    /// Options of a client that evaluates for as long as the command runs, which reports nothing to the service unless an
    /// option says so.
    pub fn options(&self) -> Options {
        self.options_with(&[
            ("disable_data_collection", "true"),
            ("change_stream", "off"),
            ("watch_interval_ms", "0"),
        ])
    }

    /// Options with other defaults than the library's: names and values.
    pub fn options_with(&self, defaults: &[(&str, &str)]) -> Options {
        let mut options = Options::new(self.service).log(Arc::new(StandardError));
        if let Some(ruleset) = &self.ruleset {
            options = options.ruleset_file(ruleset);
        }
        if let Some(format) = self.ruleset_format {
            options = options.ruleset_format(format);
        }
        if let Some(endpoint) = &self.endpoint {
            options = options.endpoint(endpoint).unwrap_or_else(|error| wrong(error));
        }
        if let Some(key) = &self.api_key {
            options = options.api_key(key);
        }
        let given = self.options.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in defaults.iter().copied().chain(given) {
            options.set_named(name, value).unwrap_or_else(|error| wrong(error));
        }
        options
    }

    /// A client of this ruleset; none where the ruleset cannot be used, which the log has said.
    pub fn client(&self) -> Result<Option<Client>, String> {
        client(self.options())
    }
}

/// How long a command waits for a service's first answer: longer than a request may take by default.
const START_WAIT: Duration = Duration::from_secs(15);

/// A client of these options; none where the ruleset cannot be used, which the log has said.
pub fn client(options: Options) -> Result<Option<Client>, String> {
    let client = Client::new(options.start_wait(START_WAIT)).map_err(|error| error.to_string())?;
    Ok(Some(client).filter(|client| client.wait_ready(Duration::ZERO)))
}

/// An evaluation context from an argument: a JSON object, or `@FILE` with one.
pub fn context(argument: &str) -> Result<Context, String> {
    let json = match argument.strip_prefix('@') {
        Some(path) => fs::read_to_string(path).map_err(|error| format!("context {path}: {error}"))?,
        None => argument.to_owned(),
    };
    Context::from_json(&json).map_err(|error| error.to_string())
}

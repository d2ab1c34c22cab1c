//! What a client tells the application.

use std::sync::{Arc, Mutex};

use pennon::{Listener, Log, LogLevel, ProviderEvent, State};

use crate::support::eventually;

/// Keeps events and log lines.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    events: Arc<Mutex<Vec<ProviderEvent>>>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Heard {
    pub fn listener(&self) -> Arc<dyn Listener> {
        Arc::new(self.clone())
    }

    pub fn log(&self) -> Arc<dyn Log> {
        Arc::new(self.clone())
    }

    pub fn events(&self) -> Vec<ProviderEvent> {
        self.events.lock().expect("the events").clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("the lines").clone()
    }

    /// Waits until a log line holds this text.
    pub fn line_comes(&self, text: &str) {
        eventually(text, || self.lines().iter().any(|line| line.contains(text)));
    }

    /// The states in their order.
    pub fn states(&self) -> Vec<State> {
        let state = |event| if let ProviderEvent::State { state, .. } = event { Some(state) } else { None };
        self.events().into_iter().filter_map(state).collect()
    }

    /// Waits until the client has been in these states, and no others.
    pub fn states_become(&self, expected: &[State]) {
        let mut seen = Vec::new();
        let has_more = |seen: &Vec<State>| seen.len() >= expected.len();
        eventually(&format!("states {expected:?}"), || {
            seen = self.states();
            has_more(&seen)
        });
        assert_eq!(seen, expected);
    }

    /// The keys of all changes, in their order.
    pub fn changes(&self) -> Vec<Vec<String>> {
        let keys = |event| match event {
            ProviderEvent::ConfigurationChanged { flags, .. } => Some(flags),
            _ => None,
        };
        self.events().into_iter().filter_map(keys).collect()
    }

    /// How many events were sent, dropped and spooled, as the application was told.
    pub fn delivered(&self) -> (u64, u64, u64) {
        self.events().into_iter().fold((0, 0, 0), |(sent, dropped, spooled), event| match event {
            ProviderEvent::EventsSent { count } => (sent + count, dropped, spooled),
            ProviderEvent::EventsDropped { count, .. } => (sent, dropped + count, spooled),
            ProviderEvent::EventsSpooled { count } => (sent, dropped, spooled + count),
            _ => (sent, dropped, spooled),
        })
    }
}

impl Listener for Heard {
    fn hear(&self, event: &ProviderEvent) {
        self.events.lock().expect("the events").push(event.clone());
    }
}

impl Log for Heard {
    fn log(&self, _: LogLevel, message: &str) {
        self.lines.lock().expect("the lines").push(message.to_owned());
    }
}

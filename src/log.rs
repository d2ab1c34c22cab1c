//! What the library says: only to whom the options name, never to stdout or stderr.

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum LogLevel {
    /// Something failed that somebody should look at.
    Error = 1,
    /// Something is not as it should be, and the library copes.
    Warn = 2,
    /// Something that is worth knowing happened.
    Info = 3,
    /// Details for who looks for a fault.
    Debug = 4,
}

/// Who hears what the library says. Called on any thread, with no lock held.
pub trait Log: Send + Sync + std::fmt::Debug {
    /// Takes a message: one line without a line break.
    fn log(&self, level: LogLevel, message: &str);
}

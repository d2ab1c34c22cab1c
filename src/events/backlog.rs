//! Events that have left the stripes and wait to be sent, in memory.

use std::collections::VecDeque;

use super::event::Event;

/// A bounded queue of the sender's.
#[derive(Debug)]
pub(super) struct Backlog {
    events: VecDeque<Event>,
    most: usize,
    /// How many events have left it.
    gone: u64,
}

impl Backlog {
    pub(super) fn new(most: usize) -> Self {
        Self { events: VecDeque::new(), most, gone: 0 }
    }

    /// Adds an event; whether the oldest was dropped for it.
    pub(super) fn push(&mut self, event: Event) -> bool {
        let is_full = self.events.len() >= self.most;
        if is_full {
            self.remove(1);
        }
        self.events.push_back(event);
        is_full
    }

    /// The next events to send, the oldest first.
    pub(super) fn first(&self, count: usize) -> impl Iterator<Item = &Event> {
        self.events.iter().take(count)
    }

    /// Removes events that are sent or given up.
    pub(super) fn remove(&mut self, count: usize) {
        let count = count.min(self.events.len());
        self.events.drain(..count);
        self.gone += count as u64;
        if self.events.is_empty() {
            // What an outage needed is not kept for ever.
            self.events.shrink_to(1024);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// The number that the next event gets, and that of the oldest.
    pub(super) fn end(&self) -> u64 {
        self.gone + self.events.len() as u64
    }

    pub(super) fn start(&self) -> u64 {
        self.gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_and_are_dropped_first() {
        let mut backlog = Backlog::new(2);
        let dropped = (0..5).filter(|number| backlog.push(Event::Written(number.to_string().into()))).count();
        assert_eq!((dropped, backlog.len(), backlog.start(), backlog.end()), (3, 2, 3, 5));
        assert!(matches!(backlog.first(1).next(), Some(Event::Written(text)) if &**text == "3"));
        backlog.remove(9);
        assert_eq!((backlog.len(), backlog.start()), (0, 5));
    }
}

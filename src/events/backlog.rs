//! Events that have left the stripes and wait to be sent, in memory.

use std::collections::VecDeque;

use super::event::Event;
use crate::limits::MAX_QUEUE_BYTES;

/// A bounded queue.
#[derive(Debug)]
pub(super) struct Backlog {
    events: VecDeque<Event>,
    most: usize,
    /// Bytes of the texts in it.
    bytes: usize,
    /// Events at its front that are being sent, and are not dropped meanwhile.
    busy: usize,
}

impl Backlog {
    pub(super) fn new(most: usize) -> Self {
        Self { events: VecDeque::new(), most, bytes: 0, busy: 0 }
    }

    /// Adds a number of evaluations to one that waits already; whether there is one.
    pub(super) fn merge(&mut self, event: &Event) -> bool {
        let Event::Counted(unit, more) = event else { return false };
        let same = |event: &&mut Event| matches!(event, Event::Counted(other, _) if other == unit);
        match self.events.iter_mut().skip(self.busy).find(same) {
            Some(Event::Counted(_, count)) => {
                *count += more;
                true
            }
            _ => false,
        }
    }

    /// Adds an event; how many of the oldest were dropped for it.
    pub(super) fn push(&mut self, event: Event) -> u64 {
        self.bytes += event.text_bytes();
        self.events.push_back(event);
        let mut dropped = 0;
        while self.events.len() > self.most || self.bytes > MAX_QUEUE_BYTES {
            let Some(oldest) = self.events.remove(self.busy) else { break };
            self.bytes -= oldest.text_bytes();
            dropped += 1;
        }
        dropped
    }

    /// The next events to send, the oldest first; they stay until they are [`Backlog::settle`]d.
    pub(super) fn begin(&mut self, count: usize) -> impl Iterator<Item = &Event> {
        self.busy = count.min(self.events.len());
        self.events.iter().take(self.busy)
    }

    /// Removes events that are sent or given up; those that were begun besides are to be sent again.
    pub(super) fn settle(&mut self, count: usize) {
        let count = count.min(self.events.len());
        self.bytes -= self.events.drain(..count).map(|event| event.text_bytes()).sum::<usize>();
        self.busy = 0;
        if self.events.is_empty() {
            // What an outage needed is not kept for ever.
            self.events.shrink_to(1024);
        }
    }

    /// Makes texts of all events.
    pub(super) fn write_out(&mut self, text: impl Fn(&Event) -> String) {
        for event in &mut self.events {
            if !matches!(event, Event::Written(_)) {
                *event = Event::Written(text(event).into());
                self.bytes += event.text_bytes();
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Event {
        Event::Written(text.into())
    }

    fn first(backlog: &mut Backlog) -> String {
        match backlog.begin(1).next() {
            Some(Event::Written(text)) => text.to_string(),
            _ => String::new(),
        }
    }

    #[test]
    fn the_oldest_go_first_and_are_dropped_first() {
        let mut backlog = Backlog::new(2);
        let dropped: u64 = (0..5).map(|number| backlog.push(written(&number.to_string()))).sum();
        assert_eq!((dropped, backlog.len(), first(&mut backlog).as_str()), (3, 2, "3"));
        backlog.settle(9);
        assert_eq!(backlog.len(), 0);
    }

    #[test]
    fn what_is_being_sent_is_not_dropped() {
        let mut backlog = Backlog::new(2);
        backlog.push(written("a"));
        backlog.push(written("b"));
        assert_eq!(first(&mut backlog), "a");
        assert_eq!(backlog.push(written("c")), 1);
        backlog.settle(1);
        assert_eq!((first(&mut backlog).as_str(), backlog.len()), ("c", 1));
    }

    #[test]
    fn large_events_are_bounded_by_their_bytes() {
        let mut backlog = Backlog::new(1000);
        let large = "x".repeat(MAX_QUEUE_BYTES / 4);
        let dropped: u64 = (0..10).map(|_| backlog.push(written(&large))).sum();
        assert_eq!((dropped, backlog.len()), (6, 4));
    }
}

//! The thread that follows a service: it polls, and listens for changes between two polls.

use std::time::{Duration, Instant};

use super::stream::{Heard, Stream};
use crate::client::Core;
use crate::options::Network;
use crate::retry::{Backoff, jittered};
use crate::worker::{Alarm, Wake};

/// The part of the poll interval that is added or taken away, so that clients that were started together spread
/// (reference 5.2, IP).
const JITTER: f64 = 0.1;

/// The longest pause between two attempts while the service cannot be reached and polls are rarer than that.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Keeps a client in step with its service until the alarm says stop.
pub(crate) fn follow(core: &Core, network: &Network, mut stream: Option<Stream>, alarm: &Alarm) {
    let poll = network.poll_interval;
    let most = if poll.is_zero() { MAX_PAUSE } else { poll.min(MAX_PAUSE) };
    let mut backoff = Backoff::new(most);
    // Whether this fetch has a reason beside the time.
    let mut is_called = true;
    loop {
        let (pause, is_asked) = match core.fetch(is_called) {
            Ok(()) => {
                backoff.succeed();
                ((!poll.is_zero()).then(|| jittered(poll, JITTER)), false)
            }
            Err((_, asked)) => (Some(backoff.fail(asked)), asked.is_some()),
        };
        core.keep_last_good();
        let next = pause.and_then(|pause| Instant::now().checked_add(pause));
        // A service that asks to be left alone is, whatever its stream says.
        let stream = stream.as_mut().filter(|_| !is_asked);
        match rest(alarm, stream, next) {
            Wake::Stop => return,
            woken => is_called = woken == Wake::Rung,
        }
    }
}

/// Waits for the next poll, or for something to happen before it.
fn rest(alarm: &Alarm, stream: Option<&mut Stream>, next: Option<Instant>) -> Wake {
    let Some(stream) = stream else { return alarm.wait(next) };
    loop {
        match stream.listen(alarm, next) {
            Heard::Change => return Wake::Rung,
            Heard::Nothing | Heard::Call => return alarm.wait(next),
            Heard::Silence(until) => match alarm.wait(earlier(until, next)) {
                Wake::Due if next.is_none_or(|next| Instant::now() < next) => {}
                woken => return woken,
            },
        }
    }
}

fn earlier(one: Instant, other: Option<Instant>) -> Option<Instant> {
    Some(other.map_or(one, |other| one.min(other)))
}

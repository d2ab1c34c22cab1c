//! A service that runs for months: evaluations take no memory that they do not give back.
//!
//! `PENNON_ENDURANCE` is how often each flag of the demo is evaluated.

use std::fs::File;
use std::io::Read;

use pennon::{Client, Context, FlagType, Reason};

use crate::support::{alone, context, options};

const FLAGS: &str = include_str!("../../examples/flags.json");

/// The users of the demo; of these, every second one brings a context that was not seen before.
const USERS: [&str; 3] = [
    r#"{"targetingKey": "ann", "email": "ann@example.com", "plan": "pro", "age": 31}"#,
    r#"{"targetingKey": "carol", "plan": "free", "company": {"size": 420}}"#,
    "{}",
];

/// Resident memory, all of it and that of guests, in KiB.
#[derive(Clone, Copy, Debug)]
struct Memory {
    process: usize,
    guests: usize,
}

impl Memory {
    /// What it is now; `room` is for the kernel's answer, and would count where it lay beside a guest's memory.
    fn now(room: &mut Vec<u8>) -> Self {
        room.clear();
        File::open("/proc/self/smaps").expect("smaps").read_to_end(room).expect("reading smaps");
        let maps = str::from_utf8(room).expect("text in smaps");
        let (mut memory, mut is_guest) = (Self { process: 0, guests: 0 }, false);
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (name, size) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let kilobytes = || size.parse::<usize>().expect("a number of kB");
            match name {
                // Nothing else is as large as a guest's memory, and the kernel joins neighbours.
                "Size:" => is_guest = kilobytes() >= 64 << 10,
                "Rss:" => {
                    memory.process += kilobytes();
                    memory.guests += if is_guest { kilobytes() } else { 0 };
                }
                _ => {}
            }
        }
        memory
    }
}

/// Evaluates every flag for every user in each way there is, and `count` times in all.
fn evaluate(client: &Client, keys: &[String], users: &[Context], count: usize) {
    for number in 0..count {
        let fresh;
        let user = match users.get(number / 2 % users.len()) {
            Some(user) if number % 2 == 0 => user,
            _ => {
                fresh = context(&format!(r#"{{"targetingKey": "user-{number}", "plan": "pro", "age": 40}}"#));
                &fresh
            }
        };
        for key in keys {
            if number % 16 == 0 {
                let evaluation = client.evaluate(key, FlagType::Any, user);
                // A split needs a key.
                assert!(
                    evaluation.reason() != Reason::Error || number / 2 % users.len() == 2,
                    "{evaluation:?}"
                );
            } else {
                client.get_string(key, user, "", str::len);
            }
        }
    }
}

#[test]
fn evaluations_give_back_all_memory_that_they_take() {
    alone("endurance::evaluations_give_back_all_memory_that_they_take", || {
        let count =
            std::env::var("PENNON_ENDURANCE").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
        let mut room = vec![1; 1 << 20];
        let client = Client::new(options(FLAGS).pool_size(1)).expect("a client");
        let users = USERS.map(context);
        let all = client.evaluate_all(&users[0]).expect("a ruleset");
        let keys: Vec<_> = all.iter().map(|evaluation| evaluation.key().to_owned()).collect();
        // What is made once and kept: instances, buffers, the allocator's own.
        evaluate(&client, &keys, &users, count / 10);
        let before = Memory::now(&mut room);
        evaluate(&client, &keys, &users, count);
        let after = Memory::now(&mut room);
        let stats = client.stats();
        println!(
            "figure: {count} evaluations of each of {} flags: resident memory {} and then {} KiB, of which guests {} and \
             {} KiB; {} instances made, {} loads",
            keys.len(),
            before.process,
            after.process,
            before.guests,
            after.guests,
            stats.instances_created,
            stats.loads
        );
        assert!(before.guests > 0, "the mapping of a guest's memory was not found");
        assert!(after.guests <= before.guests, "{before:?}, {after:?}");
        // Pages of the allocator come and go; a byte lost in each evaluation would be more than that.
        assert!(after.process < before.process + 256 + count / 1024 / 4, "{before:?}, {after:?}");
        assert_eq!((stats.instances_created, stats.instances_failed), (1, 0), "{stats:?}");
    });
}

//! What a module leaves of the process: no thread, no output, and a child of fork in which it works.

#![expect(unsafe_code, reason = "the standard library has neither fork nor prctl")]

use std::time::{Duration, Instant};

use pennon::{Client, Error, FlagType};

use super::{Heard, Text, wasi, with_official};
use crate::flags::{FINE, ruleset};
use crate::support::{Scratch, alone, client, context, threads};

const PRO: &str = r#"{"plan": "pro"}"#;

#[test]
fn evaluations_start_no_thread() {
    alone("modules::process::evaluations_start_no_thread", || {
        let folder = Scratch::new();
        for options in [with_official(&ruleset([("fine", FINE)])), wasi::text(wasi::SLEEP).options(&folder)] {
            let client = Client::new(options).expect("a client");
            let before = threads();
            for _ in 0..3 {
                let evaluation = client.evaluate("fine", FlagType::Any, &context(PRO));
                assert_eq!((evaluation.error_message(), evaluation.value_json()), ("", "\"yes\""));
            }
            assert_eq!(threads(), before);
            println!("figure: threads: {before:?}");
        }
    });
}

/// Runs `body` in a child of fork, which has to end with success in time.
fn in_child(body: impl FnOnce() -> bool) {
    // SAFETY: the child runs `body` and ends without unwinding; what other threads held at this moment it does not touch.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork");
    if child == 0 {
        let status =
            i32::from(!std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(false));
        // SAFETY: it ends the process at once, without what the parent wants done at its exit.
        unsafe { libc::_exit(status) };
    }
    let (start, mut status) = (Instant::now(), 0);
    loop {
        // SAFETY: the child is ours, and `status` is there to be written.
        match unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } {
            0 if start.elapsed() < Duration::from_secs(20) => std::thread::sleep(Duration::from_millis(2)),
            0 => {
                // SAFETY: the child is ours.
                unsafe { libc::kill(child, libc::SIGKILL) };
                panic!("the child hangs");
            }
            _ => break,
        }
    }
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "the child ended with {status}");
}

#[test]
fn a_module_evaluates_logs_and_sleeps_in_a_child_of_fork() {
    alone("modules::process::a_module_evaluates_logs_and_sleeps_in_a_child_of_fork", || {
        let folder = Scratch::new();
        let heard = Heard::default();
        let both = format!("{}{}", wasi::SLEEP, wasi::COMPLAIN);
        let sleeper = Client::new(wasi::text(&both).options(&folder).log(heard.log())).expect("a client");
        let vendor = Client::new(with_official(&ruleset([("fine", FINE)]))).expect("a client");
        let context = context(PRO);
        let evaluate = || {
            [&sleeper, &vendor].iter().all(|client| {
                let evaluation = client.evaluate("fine", FlagType::Any, &context);
                evaluation.error_code().is_none() && evaluation.value_json() == "\"yes\""
            })
        };
        // Before the first evaluation, and after it.
        for round in 0..2 {
            in_child(|| {
                // With the first one the child has its own ticker.
                let first = evaluate();
                let before = threads().len();
                let evaluated = first && evaluate();
                evaluated && threads().len() == before && heard.lines().len() == round + 2
            });
            assert!(evaluate());
        }
        assert_eq!(heard.lines().len(), 2);
    });
}

#[test]
fn a_new_client_in_a_child_of_fork_has_deadlines() {
    alone("modules::process::a_new_client_in_a_child_of_fork_has_deadlines", || {
        let folder = Scratch::new();
        let text = Text { evaluate: "(loop $again (br $again)) unreachable".into(), ..Text::default() };
        let parent = Client::new(text.options(&folder)).expect("a client");
        in_child(|| {
            let client = Client::new(text.options(&folder)).expect("a client");
            let evaluation = client.evaluate("fine", FlagType::Any, &context(PRO));
            evaluation.error_message().contains("deadline_ms")
        });
        let evaluation = parent.evaluate("fine", FlagType::Any, &context(PRO));
        assert!(evaluation.error_message().contains("deadline_ms"));
    });
}

#[test]
fn a_process_that_may_make_nothing_executable_is_told_so() {
    alone("modules::process::a_process_that_may_make_nothing_executable_is_told_so", || {
        const PR_SET_MDWE: i32 = 65;
        const REFUSE_EXEC_GAIN: libc::c_ulong = 1;
        // SAFETY: it takes numbers alone.
        if unsafe { libc::prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) } != 0 {
            println!("skipped: this kernel has no PR_SET_MDWE");
            return;
        }
        let folder = Scratch::new();
        let created = Client::new(Text::default().options(&folder));
        let Err(Error::Unusable(cause)) = created else { panic!("{created:?}") };
        assert!(cause.contains("PR_SET_MDWE"), "{cause}");
        println!("figure: {cause}");
        // Our own guest is not compiled here, and works.
        assert!(client(&ruleset([("fine", FINE)])).evaluate_all(&context(PRO)).is_some());
    });
}

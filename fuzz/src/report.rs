//! Load reports, which a guest writes and the host does not trust.

use pennon_wire::report::LoadReport;

/// What is read as a report is one: it reads back, ends where it ends, and its constant answer exists.
pub fn run(data: &[u8]) {
    let Ok(report) = LoadReport::decode(data) else { return };
    assert_eq!(LoadReport::decode_handle(data), Some(report.handle));
    assert!(report.constant.is_none_or(|answer| report.check(answer) == Some(answer)), "{report:?}");
    let mut bytes = Vec::new();
    report.encode(&mut bytes);
    assert_eq!(LoadReport::decode(&bytes).as_ref(), Ok(&report));
    // What is said to be absent may have a text all the same, which is not kept.
    assert!(bytes.len() <= data.len(), "{} bytes became {}", data.len(), bytes.len());

    bytes.push(0);
    assert!(LoadReport::decode(&bytes).is_err(), "a byte behind the end");
    bytes.truncate(bytes.len().saturating_sub(2));
    assert!(LoadReport::decode(&bytes).is_err(), "a byte is missing");
}

//! Evaluation contexts of Flagsmith's engine, natively: whatever they say, there is an answer or an error, and the answer is JSON.

/// Evaluates a context.
pub fn run(data: &[u8]) {
    let Ok(context) = std::str::from_utf8(data) else { return };
    if let Ok(result) = pennon_flagsmith::engine::evaluation_result(context) {
        let read = serde_json::from_str::<serde_json::Value>(&result);
        assert!(read.is_ok(), "no JSON: {result}");
    }
}

//! Flagsmith's environment documents through a client: a document and a context, with a zero between. Each flag answers alone as
//! it does among all.

use pennon::{Client, Context, FlagType, Options, Service};

/// Evaluates every flag of a document, alone and among all, and the segments.
pub fn run(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let [document, context] = [parts.next(), parts.next()].map(|part| part.map(std::str::from_utf8));
    let Some(Ok(document)) = document else { return };
    let context = context.and_then(Result::ok).unwrap_or("{}");
    let Ok(context) = Context::from_json(context) else { return };
    let options = Options::new(Service::Flagsmith).ruleset(document).pool_size(1);
    let Ok(client) = Client::new(options) else { return };
    for evaluation in &client.evaluate_all(&context).unwrap_or_default() {
        let alone = client.evaluate(evaluation.key(), FlagType::Any, &context);
        // How much CPU time a flag takes is no property of it.
        if !format!("{}{}", alone.error_message(), evaluation.error_message()).contains("CPU time") {
            assert_eq!(alone.to_json(), evaluation.to_json(), "alone, and among all");
        }
    }
    let _ = client.segments(&context);
    let _ = client.diagnostics_json();
}

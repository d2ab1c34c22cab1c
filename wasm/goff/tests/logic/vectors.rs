//! The vectors of reference A.2, read in place: what the relay answered.

use pennon_goff::logic::Logic;
use pennon_goff::scope::Scope;
use pennon_wire::Context;
use serde_json::{Map, Value};

use crate::{encoded, reference};

#[test]
fn the_vectors_of_the_reference_hold() {
    let Some(path) = reference("goff.md") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let section = text.split("### A.2").nth(1).unwrap().split("```").nth(1).unwrap();
    let mut count = 0;
    for line in section.lines().filter(|line| !line.is_empty()) {
        let mut fields = line.splitn(3, " ¦ ");
        let mut field = || fields.next().unwrap();
        let (validity, query, vectors) = (field(), field(), field());
        let query = query.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t");
        let query: String = query.split('\n').map(|line| line.trim_start_matches(' ')).collect();
        let rule = Logic::parse(&query);
        let valid = rule.as_ref().is_some_and(|rule| rule.validity().is_ok());
        assert_eq!(valid, validity == "V", "{line}");
        for vector in vectors.split(" ; ") {
            let (attributes, expected) = vector.rsplit_once('→').unwrap();
            let expected = expected.split('/').next().unwrap();
            let mut attributes: Map<String, Value> = match attributes {
                "-" => Map::new(),
                attributes => serde_json::from_str(&format!("{{{attributes}}}")).unwrap(),
            };
            attributes.insert("targetingKey".into(), "k".into());
            let context = encoded(&attributes);
            let scope = Scope::new(Context::new(&context), None);
            // What does not parse is of the other language, where it matches nothing.
            let matches = rule.as_ref().is_some_and(|rule| rule.matches(&scope).unwrap_or(false));
            assert_eq!(matches, expected == "T", "{line}\n{vector}");
            count += 1;
        }
    }
    assert!(count > 80, "only {count} vectors found");
    println!("{count} vectors");
}

//! Whole rules: the judgement of results and the bounds. Vectors and the comparison with the model are in
//! `tests/logic*.rs`.

use pennon_wire::{Context, Node, encode};

use super::{Fault, Logic, MAX_RULE_DEPTH, Operator};
use crate::scope::Scope;

fn text(text: &str) -> Node {
    Node::String(text.to_owned())
}

fn map(name: &str, value: Node) -> Node {
    Node::Map(vec![(name.to_owned(), value)])
}

fn answer(rule: &str, attributes: &[(&str, Node)]) -> Result<bool, Fault> {
    let attributes: Vec<_> =
        attributes.iter().map(|(name, node)| ((*name).to_owned(), node.clone())).collect();
    let context = encode(&attributes).unwrap();
    Logic::parse(rule).unwrap().matches(&Scope::new(Context::new(&context), None))
}

#[test]
fn results_are_judged_by_their_json_text() {
    for rule in [r#"{"var":"none"}"#, r#"{"or":[0]}"#, r#"{"cat":[]}"#, r#"{"merge":[]}"#, r#"{"/":[]}"#] {
        assert_eq!(answer(rule, &[]), Ok(false), "{rule}");
    }
    for rule in ["{}", r#"{"-":[0]}"#, r#"{"cat":"false"}"#, r#"{"merge":[{"/":[]}]}"#, r#"{"var":""}"#] {
        assert_eq!(answer(rule, &[]), Ok(true), "{rule}");
    }
    for rule in [r#"{"/":[1,0]}"#, r#"{"merge":[[[{"%":[1,0]}]]]}"#] {
        assert_eq!(answer(rule, &[]), Err(Fault::NotFinite), "{rule}");
    }
}

#[test]
fn faults_name_the_operator() {
    let fault = Fault::Argument(Some(Operator::Add));
    assert_eq!(answer(r#"{"!":{"+":[{"var":"a"},1]}}"#, &[]), Err(fault));
    assert_eq!(fault.to_string(), "arguments of `+` are too few or of a wrong type");
    assert_eq!(answer(r#"{"no":1}"#, &[]), Err(Fault::UnknownOperator));
}

#[test]
fn a_negative_zero_stays_one_below_the_top_level_and_in_the_enrichment() {
    let zero = || Node::Float(-0.0);
    assert_eq!(answer(r#"{"var":"a"}"#, &[("a", zero())]), Ok(false));
    assert_eq!(answer(r#"{"var":"a.b"}"#, &[("a", map("b", zero()))]), Ok(true));
    let bytes = encode(&[("a".to_owned(), zero())]).unwrap();
    let enrichment = Context::new(&bytes).attributes();
    let scope = Scope::new(Context::new(&bytes), Some(enrichment));
    assert_eq!(Logic::parse(r#"{"var":"a"}"#).unwrap().matches(&scope), Ok(true));
}

#[test]
fn numbers_of_any_kind_are_floats() {
    for number in [Node::Int(5), Node::Float(5.0), Node::Number("5".into())] {
        assert_eq!(answer(r#"{"===":[{"var":"a"},5]}"#, &[("a", number)]), Ok(true));
    }
    let large = Node::Number("18446744073709551616".into());
    assert_eq!(answer(r#"{"===":[{"var":"a"},18446744073709551615]}"#, &[("a", large)]), Ok(true));
}

#[test]
fn rules_in_the_context_run() {
    let rule = |value| map("==", Node::List(vec![Node::Int(1), Node::Int(value)]));
    for (value, expected) in [(1, true), (2, false)] {
        assert_eq!(answer(r#"{"if":[true,{"var":"o"}]}"#, &[("o", rule(value))]), Ok(expected));
        assert_eq!(answer(r#"{"some":[[0],{"!":{"var":"o"}}]}"#, &[("o", rule(value))]), Ok(!expected));
    }
    assert_eq!(
        answer(r#"{"if":[true,{"var":"o"}]}"#, &[("o", map("a", text("x")))]),
        Err(Fault::UnknownOperator)
    );
}

#[test]
fn a_rule_that_is_too_deep_has_no_answer() {
    let rule = |levels: u32| {
        let levels = levels as usize;
        format!("{}1{}", r#"{"!":"#.repeat(levels), "}".repeat(levels))
    };
    assert_eq!(answer(&rule(MAX_RULE_DEPTH), &[]), Ok(true));
    assert_eq!(answer(&rule(MAX_RULE_DEPTH + 1), &[]), Err(Fault::TooDeep));
}

#[test]
fn deep_evaluation_ends() {
    // A clause that runs what it read, which reads itself again.
    let endless = map("if", Node::List(vec![Node::Bool(true), map("var", text("o"))]));
    assert_eq!(answer(r#"{"if":[true,{"var":"o"}]}"#, &[("o", endless)]), Err(Fault::TooDeep));
}

#[test]
fn long_evaluation_ends() {
    let long = Node::List(vec![Node::Int(1); 2000]);
    let nested = r#"{"map":[{"var":"l"},{"map":[{"merge":[1,{"var":"l"}]},1]}]}"#;
    assert_eq!(answer(nested, &[("l", long.clone())]), Ok(true));
    let product = r#"{"some":[{"var":"l"},{"some":[{"var":"l"},{"<":[{"var":""},0]}]}]}"#;
    assert_eq!(answer(product, &[("l", long.clone())]), Err(Fault::TooLong));
    let doubling = r#"{"reduce":[{"var":"l"},{"cat":[{"var":"accumulator"},{"var":"accumulator"}]},"ab"]}"#;
    assert_eq!(answer(doubling, &[("l", long)]), Err(Fault::TooLong));
    // Lists of lists: a tree as wide as deep, of which every level is the one below, several times.
    let wide = (0..20).fold(r#"[1,{"var":"a"}]"#.to_owned(), |inner, _| {
        format!(r#"{{"map":[[1,2,3,4,5,6,7,8],{inner}]}}"#)
    });
    assert_eq!(answer(&format!(r#"{{"!":{wide}}}"#), &[]), Err(Fault::TooLong));
}

#[test]
fn bounds_hold_on_a_small_stack() {
    let shapes = [("{\"!\":", "}"), ("{\"!\":[", "]}"), ("{\"if\":[true,", "]}"), ("{\"cat\":[\"\",", "]}")];
    let mut shapes: Vec<_> = shapes.map(|(open, close)| (open.to_owned(), close.to_owned())).into();
    for operator in Operator::ALL {
        shapes.push((format!("{{\"{operator}\":[[1],"), "]}".to_owned()));
        shapes.push((format!("{{\"{operator}\":["), ",[\"a\",1],1]}".to_owned()));
    }
    // Frames of unoptimised code are several times as large.
    let stack = if cfg!(debug_assertions) { 1 << 20 } else { 128 << 10 };
    let small = std::thread::Builder::new().stack_size(stack).spawn(move || {
        for (open, close) in shapes {
            let levels = MAX_RULE_DEPTH as usize;
            let rule = format!("{}{{\"var\":\"o\"}}{}", open.repeat(levels - 1), close.repeat(levels - 1));
            let endless = map("if", Node::List(vec![Node::Bool(true), map("var", text("o"))]));
            let _ = answer(&rule, &[("o", endless)]);
            let _ = Logic::parse(&rule).unwrap().validity();
        }
    });
    small.unwrap().join().unwrap();
}

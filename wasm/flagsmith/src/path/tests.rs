use serde_json::{Value, json};

use super::*;

/// No regular expressions but texts, which must be equal or contained.
struct Texts;

#[derive(Debug)]
struct Text(String, Extent);

impl Patterns for Texts {
    fn compile(&self, pattern: &str, extent: Extent) -> Option<Box<dyn Compiled>> {
        Some(Box::new(Text(pattern.to_owned(), extent)))
    }
}

impl Compiled for Text {
    fn matches(&self, text: &str) -> bool {
        match self.1 {
            Extent::Whole => text == self.0,
            Extent::Part => text.contains(&self.0),
        }
    }
}

/// JSON, in which texts that begin with `int ` are integers beyond 64 bits, and `nan` is one.
#[derive(Clone, Debug, PartialEq)]
struct Node<'a>(&'a Value);

impl Tree for Node<'_> {
    fn kind(&self) -> Kind<'_> {
        match self.0 {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(number) => {
                number.as_i64().map_or_else(|| Kind::Float(number.as_f64().unwrap_or_default()), Kind::Int)
            }
            Value::String(text) if text == "nan" => Kind::Float(f64::NAN),
            Value::String(text) => text.strip_prefix("int ").map_or(Kind::Text(text), Kind::Big),
            Value::Array(items) => Kind::List(items.len()),
            Value::Object(members) => Kind::Map(members.len()),
        }
    }

    fn member(&self, name: &str) -> Option<Self> {
        self.0.as_object()?.get(name).map(Node)
    }

    fn item(&self, index: usize) -> Option<Self> {
        match self.0 {
            Value::Array(items) => items.get(index).map(Node),
            Value::Object(members) => members.values().nth(index).map(Node),
            _ => None,
        }
    }

    fn name(&self, index: usize) -> Option<&str> {
        self.0.as_object()?.keys().nth(index).map(String::as_str)
    }
}

fn parse(path: &str) -> Result<Path, PathError> {
    Path::parse(path, &Texts)
}

#[track_caller]
fn first(path: &str, document: &Value) -> Result<Option<Value>, Raised> {
    let path = parse(path).unwrap_or_else(|error| panic!("{path}: {error:?}"));
    path.first(Node(document), &Texts).map(|node| node.map(|node| node.0.clone()))
}

#[track_caller]
fn finds(path: &str, document: &Value, found: Value) {
    assert_eq!(first(path, document), Ok(Some(found)), "{path}");
}

#[track_caller]
fn finds_nothing(path: &str, document: &Value) {
    assert_eq!(first(path, document), Ok(None), "{path}");
}

#[track_caller]
fn is_syntax_error(path: &str) {
    assert!(matches!(parse(path), Err(PathError::Syntax { .. })), "{path}: {:?}", parse(path));
}

#[track_caller]
fn raises(path: &str, exception: Exception) {
    let error = parse(path).err();
    assert_eq!(error, Some(PathError::Raises(exception)), "{path}");
}

/// Whether a filter selects `current`.
fn selects(filter: &str, current: Value) -> bool {
    first(&format!("$[?{filter}]"), &json!([current])).expect("nothing raises").is_some()
}

#[test]
fn names_are_lenient_but_not_beyond_the_basic_plane() {
    finds("$.flags.my-flag.enabled", &json!({"flags": {"my-flag": {"enabled": true}}}), json!(true));
    finds("$.é\u{ffff}", &json!({"é\u{ffff}": 1}), json!(1));
    for path in ["$.😀", "$.a😀", "$.-a", "$.0", "$. a", "$.", "$..", "$.a.", "$.'a'"] {
        is_syntax_error(path);
    }
}

#[test]
fn whitespace_is_before_segments_only() {
    finds("$.identity .identifier", &json!({"identity": {"identifier": "x"}}), json!("x"));
    // A no-break space is none, it is a letter.
    finds("$.a\u{a0}.b", &json!({"a\u{a0}": {"b": 1}}), json!(1));
    finds("$ \n[ 'a' , 'b' ]", &json!({"b": 1}), json!(1));
    for path in ["$.a ", "$. a", "$.. a", "$.a\u{c}.b"] {
        is_syntax_error(path);
    }
}

#[test]
fn names_are_told_from_other_paths() {
    let names = |path| parse(path).ok().and_then(|path| path.names().map(|names| names.join("|")));
    assert_eq!(names("$.identity.identifier").as_deref(), Some("identity|identifier"));
    assert_eq!(names("$['a'][\"b\"]").as_deref(), Some("a|b"));
    for path in ["$.a[0]", "$.a['b','c']", "$..a", "$.a.*", "$.a[?@]"] {
        assert_eq!(names(path), None, "{path}");
    }
}

#[test]
fn strings_are_unescaped() {
    let document = json!({"\"": 1, "'": 2, "😀": 3, "\\\n": 4, "A": 5});
    finds(r#"$['"']"#, &document, json!(1));
    finds(r#"$["\""]"#, &document, json!(1));
    finds(r"$['\'']", &document, json!(2));
    finds(r"$['\ud83d\uDE00']", &document, json!(3));
    finds(r"$['\\\n']", &document, json!(4));
    finds(r"$['\u0041']", &document, json!(5));
    for path in [
        r#"$['\"']"#,
        r#"$["\'"]"#,
        r"$['\x41']",
        r"$['\u12']",
        r"$['\ud83d']",
        r"$['\ude00']",
        r"$['\ud83dx']",
    ] {
        is_syntax_error(path);
    }
    for path in [r"$['\ud83d\u0041']", r"$['\u001f']", "$['\u{1}']", "$['a", r"$['a\'"] {
        is_syntax_error(path);
    }
}

#[test]
fn indices_and_slices_are_pythons() {
    let list = json!([0, 1, 2, 3]);
    finds("$[-1]", &list, json!(3));
    finds_nothing("$[-5]", &list);
    finds("$[::-1]", &list, json!(3));
    finds("$[-9:2]", &list, json!(0));
    finds("$[9:1:-2]", &list, json!(3));
    finds("$[1:4 2]", &list, json!(1));
    finds_nothing("$[::0]", &list);
    finds_nothing("$[3:1]", &list);
    finds_nothing("$['0']", &list);
    for path in ["$[01]", "$[-0]", "$[1:02]", "$[]", "$[1,]", "$[1:2:3:4]", "$[1 2]", "$[+1]"] {
        is_syntax_error(path);
    }
}

#[test]
fn large_indices_raise() {
    finds_nothing("$[9007199254740991]", &json!([]));
    raises("$[9007199254740992]", Exception::Index);
    raises("$[:-9007199254740992]", Exception::Index);
    raises(&format!("$[{}]", "9".repeat(4301)), Exception::Value);
    // The lexer has its errors before the parser, and the parser in the order of the text.
    is_syntax_error("$[9007199254740992].");
    raises("$[9007199254740992, 01]", Exception::Index);
    is_syntax_error("$[9007199254740992:01]");
}

#[test]
fn what_is_not_well_typed_raises() {
    for path in
        ["$[?@.*==1]", "$[?match(@,'a')==true]", "$[?length(@)]", "$[?length(@.*)>1]", "$[?count(1)>0]"]
    {
        raises(path, Exception::Type);
    }
    raises("$[?match(@)]", Exception::Type);
    raises("$[?foo(@)]", Exception::Name);
    raises("$.a[?1e400==1]", Exception::Overflow);
    for path in
        ["$[?1]", "$[?@.a&&1]", "$[?01==1]", "$[?00.5==1]", "$[?@.a==:1.5]", "$[?@.a==a]", "$[?(@.a @.b)]"]
    {
        is_syntax_error(path);
    }
    // These pass, although the standard has them not.
    for path in [
        "$[?!1]",
        "$[?!length(@)]",
        "$[?count(@.*,)>0]",
        "$[?1.0e400==1]",
        "$[?-01==1]",
        "$[?@.a==@.b==true]",
    ] {
        assert!(parse(path).is_ok(), "{path}");
    }
}

#[test]
fn booleans_are_ordered_as_integers_and_equal_to_none() {
    let features = json!({"features": {"f": {"enabled": true, "name": "f"}}});
    finds("$.features[?@.enabled<2].name", &features, json!("f"));
    finds("$.features[?@.enabled>0].name", &features, json!("f"));
    finds_nothing("$.features[?@.enabled>=1].name", &features);
    finds_nothing("$.features[?@.enabled==1].name", &features);
    // Inside of lists and maps they are equal.
    assert!(selects("@.a==@.b", json!({"a": [true, {"x": 0}], "b": [1, {"x": false}]})));
}

#[test]
fn numbers_are_compared_exactly() {
    assert!(selects("@.a==@.b", json!({"a": 1, "b": 1.0})));
    assert!(!selects("@.a==@.b", json!({"a": 9007199254740993_i64, "b": 9007199254740992.0})));
    assert!(selects("@.a>@.b", json!({"a": 9007199254740993_i64, "b": 9007199254740992.0})));
    assert!(selects("@.a==@.b", json!({"a": "int 18446744073709551616", "b": 18446744073709551616.0})));
    assert!(selects("@.a<@.b", json!({"a": "int -18446744073709551617", "b": -18446744073709551616.0})));
    assert!(selects("@.a<@.b", json!({"a": "int 9223372036854775808", "b": "int 18446744073709551616"})));
    assert!(selects("@.a<1.0e400", json!({"a": "int 18446744073709551616"})));
    assert!(selects("@.a!=@.a", json!({"a": "nan"})));
    assert!(!selects("@.a<=@.a", json!({"a": "nan"})));
}

#[test]
fn no_value_is_no_node() {
    assert!(selects("@.x==@.y", json!({})));
    assert!(selects("@.x==length(1)", json!({})));
    assert!(!selects("@.x==null", json!({})));
    assert!(selects("@.x==null", json!({"x": null})));
    assert!(selects("@.x!=1", json!({})));
    assert!(!selects("@.x<1", json!({})));
}

#[test]
fn existence_is_of_nodes_but_truth_of_scalars() {
    assert!(selects("@.a", json!({"a": false})));
    assert!(selects("@", json!([])));
    assert!(!selects("@", json!(0)));
    assert!(!selects("@", json!("")));
    assert!(selects("@", json!(null)));
    assert!(!selects("!length(@)", json!("a")));
}

#[test]
fn functions_count_what_they_are_given() {
    assert!(selects("length(@)==1", json!("😀")));
    assert!(selects("length(@)==2", json!({"a": 1, "b": 2})));
    assert!(selects("count(@.*)==2", json!({"a": 1, "b": 2})));
    assert!(selects("value(@..a)==1", json!({"b": {"a": 1}})));
    assert!(selects("count(@)==2", json!("ab")));
    let of = |filter: &str, current| first(&format!("$[?{filter}]"), &json!([current]));
    assert_eq!(of("count(@)>0", json!(1)), Err(Raised::Exception(Exception::Argument)));
    assert_eq!(of("value(@)==1", json!("a")), Err(Raised::Exception(Exception::Attribute)));
    assert_eq!(of("value(@)==1", json!("ab")), Ok(None));
    // Both sides are evaluated, whatever the first is.
    assert_eq!(of("@==1||count(@)>0", json!(1)), Err(Raised::Exception(Exception::Argument)));
}

#[test]
fn the_root_of_a_nested_filter_is_where_its_query_began() {
    let document = json!({"x": 1, "a": [{"x": 2, "b": [{"x": 2}]}]});
    finds("$.a[?@.b[?@.x==$.x]].x", &document, json!(2));
    finds_nothing("$.a[?@.b[?@.x==1]].x", &document);
}

#[test]
fn what_python_would_raise_after_the_first_node_is_not_raised() {
    let document = json!(["ab", 1]);
    finds("$[?count(@)==2]", &document, json!("ab"));
    assert_eq!(first("$[?count(@)==3]", &document), Err(Raised::Exception(Exception::Argument)));
}

#[test]
fn a_descent_goes_down_a_hundred_levels() {
    let nest = |levels: usize| (1..levels).fold(json!({"x": 1}), |inner, _| json!([inner]));
    finds("$..x", &nest(100), json!(1));
    assert_eq!(first("$..x", &nest(101)), Err(Raised::TooDeep));
    // What comes before the depth is found; what comes behind it is not.
    finds("$..x", &json!({"a": {"x": 2}, "b": nest(200)}), json!(2));
    assert_eq!(first("$..x", &json!({"a": nest(200), "b": {"x": 2}})), Err(Raised::TooDeep));
}

#[test]
fn steps_are_bounded() {
    let nest = (0..90).fold(json!({"x": 1}), |inner, _| json!({"a": inner}));
    let path = format!("$[?@{}..b]", "..a".repeat(20));
    assert_eq!(first(&path, &json!([nest])), Err(Raised::TooLong));
}

#[test]
fn depth_is_bounded_and_chains_are_not() {
    let nested = |open: &str, close: &str, levels: usize| {
        format!("$[?{}@.a{}]", open.repeat(levels), close.repeat(levels))
    };
    for (open, close, cost) in [("(", ")", 1), ("!", "", 1), ("@[?", "]", FILTER_DEPTH)] {
        let levels = (MAX_DEPTH - FILTER_DEPTH) / cost;
        assert!(parse(&nested(open, close, levels)).is_ok(), "{open}");
        raises(&nested(open, close, levels + 1), Exception::Recursion);
    }
    let chain = vec!["@.a==1"; 5_000].join("||");
    finds_nothing(&format!("$[?{chain}]"), &json!([1]));
    let long = format!("${}", ".a".repeat(5_000));
    finds_nothing(&long, &json!({"a": 1}));
}

#[test]
fn patterns_are_translated() {
    let compiled = |pattern: &str, extent| {
        pattern::compile(pattern, extent, &Texts)
            .map(|compiled| format!("{compiled:?}").replace("\\\\", "\\"))
    };
    let whole = |pattern| compiled(pattern, Extent::Whole);
    let part = |pattern| compiled(pattern, Extent::Part);
    let is = |translated: Option<String>, wanted: &str| {
        assert!(
            translated.as_ref().is_some_and(|text| text.contains(&format!("(\"{wanted}\","))),
            "{translated:?}"
        );
    };
    is(whole("a.b"), r"a[^\r\n]b");
    is(whole("^a$"), "(?:^)a(?:$)");
    is(whole(r"(a|\p{Lu}){1,2}"), r"(?:a|\p{Lu}){1,2}");
    is(whole("[^a-c-]"), r"[^a-c\-]");
    is(whole("[a&&b]"), r"[a\&\&b]");
    is(part("[a-z&&b-d]"), "[b-d]");
    is(part("[a-d~~c-f]"), "[a-be-f]");
    is(part(r"[a&&\p{L}]"), r"[[[a]&&[\p{L}]]]");
    for pattern in
        [r"\d", "(?:a)", "a*?", "a{10}", "a{2,1}", "[]", "[z-a]", "(", ")", "a]", r"\p{Cs}", "[[a]"]
    {
        assert_eq!(whole(pattern), None, "{pattern}");
    }
    assert_eq!(part("[a&&]"), None);
}

//! YAML and TOML as text: scalars that look like something else, and constructs that no generator writes.

/// What can stand behind `name:` in YAML. The relay reads them with the rules of yaml.v3: 1.2 with leftovers of 1.1.
#[rustfmt::skip]
pub const YAML_SCALARS: &[&str] = &[
    "yes", "no", "on", "off", "y", "n", "Yes", "NO", "true", "True", "TRUE", "tRUE", "false", "~", "null", "Null", "nULL", "",
    "1", "-1", "+1", "0", "-0", "00", "0x1F", "0X1F", "-0x10", "0b101", "-0b11", "0b2", "0o17", "-0o17", "0o8", "017", "08", "0_",
    "1_000", "1__0", "_1", "1_", "0x_1F", "1,000", "9223372036854775807", "9223372036854775808", "18446744073709551615",
    "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "9007199254740993",
    "1.5", "1.", ".5", "-.5", "+.5", "1e3", "1E+3", "1.5e-3", "1e", "1_000.5", "0.1", "-0.0", "1e400", "1e-400", "0x1p4", ".e3", "+.e3",
    ".inf", "-.inf", ".Inf", "+.INF", ".iNF", ".nan", ".NaN", "nan", "inf", "Infinity",
    "12:30", "12:30:45", "190:20:30.5", "2024-01-01", "2024-1-2", "2024-13-01", "2024-01-01T00:00:00Z", "2024-01-01 00:00:00",
    "2024-01-01t00:00:00z", "2024-01-01T10:00:00+02:00", "2024-01-01T00:00:00.5Z", "2024-01-01 00:00:00 +2", "\"2024-01-01\"",
    "\"yes\"", "'no'", "'it''s'", "\"\\x41\\u00e9\\U0001F600\\e\\_\\N\\/\\\"\"", "\"a\\\n    b\"", "\"a\n\n    b\"", "'a\n    b'", "plain\n    text",
    "a#b", "a # comment", "a:b", "a b c", "é", "$5", "=", "<<", "a, b", "a]", "a}", "&x anchored", "!!str 5", "!!str yes", "!!int \"5\"", "!!float 5",
    "!!float \"1.5\"", "!!bool \"true\"", "!!null \"\"", "!!binary aGk=", "!custom x", "! 5", "!!timestamp 2024-01-01",
    "[a, 1, yes, ~]", "[1, [2.5, {a: b}]]", "{a: 1, 'b': [c]}", "{1: a}", "{true: a}", "{~: a}", "{1.5: a}", "{a}", "[a: b]", "{a: 1, a: 2}", "\"\"", "''",
    "|\n    line 1\n    line 2\n", "|+\n    kept\n\n", "|2-\n      indented\n", ">\n    folded\n    text\n\n    more\n", ">+\n    a\n     b\n    c\n\n", "|-\n\n    a\n",
];

/// What can stand behind `name =` in TOML.
#[rustfmt::skip]
pub const TOML_SCALARS: &[&str] = &[
    "true", "false", "1", "-1", "+1", "0", "-0", "0x1F", "0xdead_beef", "0b101", "0o17", "1_000", "9223372036854775807", "-9223372036854775808",
    "9007199254740993", "9223372036854775808", "1.5", "1e3", "1E+3", "1_000.5", "1.5e-3", "0.1", "-0.0", "inf", "-inf", "+inf", "nan", "1e400",
    "1979-05-27T07:32:00Z", "1979-05-27T00:32:00-07:00", "1979-05-27 07:32:00.5Z", "1979-05-27T07:32:00", "1979-05-27", "07:32:00",
    "1979-05-27T07:32:00.999999999Z", "1979-05-27t07:32:00z", "\"1979-05-27\"", "\"a\\tb\\u00e9\\U0001F600\\\"\"", "\"\\e\"", "\"\\x41\"", "'C:\\path'",
    "'''\nline 1\nline 2'''", "\"\"\"\\\n   trimmed \\\n   text\"\"\"", "\"\"\"a \"\"quoted\"\" b\"\"\"", "\"\"", "''", "\"yes\"",
    "[1, 2]", "[1, \"a\", 2.5, true]", "[[1], [\"a\"]]", "[]", "[\n  1, # one\n  2,\n]", "{}", "{ a = 1, \"b c\" = [2] }", "{ a.b = 1 }", "{ a = { b = 1979-05-27 } }",
];

/// Whole YAML documents with the flags `one`, `two` and `three`.
pub const YAML_DOCUMENTS: &[&str] = &[
    // Queries on several lines: the relay joins lines without a space, so that only `>` keeps one.
    "one:\n  variations: {on: true, off: false}\n  targeting:\n    - name: literal\n      query: |\n        a eq 1\n        or b eq 1\n      variation: on\n  defaultRule: {variation: off}\n\
     two:\n  variations: {on: true, off: false}\n  targeting:\n    - name: folded\n      query: >\n        a eq 1\n        or b eq 1\n      variation: on\n  defaultRule: {variation: off}\n\
     three:\n  variations: {on: true, off: false}\n  targeting:\n    - query: a eq 1\n        or b eq 1\n      variation: on\n  defaultRule: {variation: off}\n",
    // Variation names that YAML 1.1 takes for booleans are strings, as keys and as values; so are numbers.
    "one:\n  variations:\n    on: yes\n    off: no\n  defaultRule:\n    variation: on\n\
     two:\n  variations:\n    true: 1\n    false: 2\n  defaultRule:\n    variation: true\n\
     three:\n  variations:\n    1: a\n    2.0: b\n  defaultRule:\n    percentage:\n      1: 100\n",
    // Anchors, aliases, merge keys; a merged member does not override one of its own.
    "one: &base\n  variations: &variations {on: true, off: false}\n  defaultRule: &rule\n    variation: on\n\
     two:\n  <<: *base\n  defaultRule:\n    <<: *rule\n    variation: off\n\
     three:\n  variations: *variations\n  defaultRule:\n    <<: [*rule, {percentage: {off: 100}}]\n",
    // An alias of a list, an anchor of a scalar, a merge into metadata.
    "one:\n  variations: {a: &a [1, 2], b: *a}\n  defaultRule: {variation: &name a}\n  metadata: {<<: {x: 1, y: 2}, y: 3, z: *name}\n\
     two:\n  variations: {a: 1, b: 2.5}\n  defaultRule: {variation: b}\n\
     three:\n  variations: {a: 1979-05-27, b: 1979-05-28}\n  defaultRule: {variation: b}\n",
    // Dates with and without quotes; only what Go takes for RFC 3339 is one when quoted.
    "one:\n  variations: {a: 1, b: 2}\n  defaultRule: {variation: a}\n  scheduledRollout:\n    - date: 2020-01-01T00:00:00Z\n      defaultRule: {variation: b}\n\
     two:\n  variations: {a: 1, b: 2}\n  defaultRule: {variation: a}\n  scheduledRollout:\n    - date: \"2020-01-01T00:00:00.5+02:00\"\n      defaultRule: {variation: b}\n\
     three:\n  variations: {a: 1, b: 2}\n  defaultRule: {variation: a}\n  experimentation: {start: 2020-01-01, end: 2021-01-01 00:00:00}\n",
    // Names of fields in another case are other fields here, unlike in JSON.
    "one:\n  Variations: {a: 1}\n  defaultRule: {variation: a}\n\
     two:\n  variations: {a: 1, b: 2}\n  DefaultRule: {variation: b}\n  defaultRule: {variation: a}\n\
     three:\n  variations: {a: 1}\n  defaultrule: {variation: a}\n",
    // Typed fields take scalars of other types: a version that is a number, a share that is an integer, yes for true.
    "one:\n  variations: {a: 1}\n  version: 1\n  defaultRule: {variation: a}\n\
     two:\n  variations: {a: 1, b: 2}\n  disable: yes\n  defaultRule: {percentage: {a: 1_0, b: 0x5A}}\n\
     three:\n  variations: {a: 1}\n  bucketingKey: 5\n  trackEvents: off\n  defaultRule: {variation: a}\n",
    // JSONLogic in quotes, in a block, and as a mapping (which is no string).
    "one:\n  variations: {on: true, off: false}\n  targeting:\n    - query: '{\"==\": [{\"var\": \"a\"}, 1]}'\n      variation: on\n  defaultRule: {variation: off}\n\
     two:\n  variations: {on: true, off: false}\n  targeting:\n    - query: |\n        {\n          \"==\": [\n            {\"var\": \"a\"}, 1\n          ]\n        }\n      variation: on\n  defaultRule: {variation: off}\n",
    // Sequences at the indentation of their key, comments everywhere, CRLF line ends.
    "# flags\r\none: # first\r\n  variations:\r\n    on: true # yes\r\n    off: false\r\n  targeting:\r\n  - query: a eq 1 # the user\r\n    variation: on\r\n  defaultRule:\r\n    variation: off\r\n",
    // Complex keys, tags on collections, an empty flag, a flag that is null.
    "? one\n: variations: !!map {a: !!seq [1, 2], b: [3]}\n  defaultRule: {variation: a}\n\
     two: {}\n\
     three: ~\n",
    // A second document is not read.
    "one:\n  variations: {a: 1}\n  defaultRule: {variation: a}\n---\ntwo:\n  variations: {a: 1}\n  defaultRule: {variation: a}\n",
    // JSON is YAML; a byte order mark is no fault.
    "\u{feff}{\"one\": {\"variations\": {\"a\": \"\\u00e9\\ud83d\\ude00\"}, \"defaultRule\": {\"variation\": \"a\"}}}\n",
    "",
];

/// Whole TOML documents with the flags `one`, `two` and `three`.
pub const TOML_DOCUMENTS: &[&str] = &[
    // Tables, dotted keys, inline tables, arrays of tables.
    "[one]\nversion = \"1\"\n[one.variations]\non = true\noff = false\n[[one.targeting]]\nname = \"first\"\nquery = 'a eq 1'\nvariation = \"on\"\n[[one.targeting]]\nquery = \"b eq 1\"\npercentage = { on = 50, off = 50.0 }\n[one.defaultRule]\nvariation = \"off\"\n\
     [two]\nvariations.a = 1\nvariations.b = 2\ndefaultRule.variation = \"b\"\n\
     [three]\nvariations = { a = [1, 2], b = [] }\ndefaultRule = { percentage = { a = 1_0, b = 90 } }\n",
    // Dates as dates and as strings; local ones have no offset.
    "[one]\nvariations = { a = 1, b = 2 }\ndefaultRule = { variation = \"a\" }\nscheduledRollout = [ { date = 2020-01-01T00:00:00Z, defaultRule = { variation = \"b\" } } ]\n\
     [two]\nvariations = { a = 1, b = 2 }\ndefaultRule = { variation = \"a\" }\nscheduledRollout = [ { date = \"2020-01-01T00:00:00+02:00\", defaultRule = { variation = \"b\" } } ]\n\
     [three]\nvariations = { a = 1, b = 2 }\ndefaultRule = { variation = \"a\" }\nexperimentation = { start = 2020-01-01, end = 2021-01-01T00:00:00 }\n",
    // Names of fields in another case are found, as in JSON.
    "[one]\nVariations = { a = 1 }\nDEFAULTRULE = { variation = \"a\" }\n\
     [two]\nvariations = { a = 1 }\ndefaultRule = { Variation = \"a\" }\n",
    // Queries on several lines.
    "[one]\nvariations = { on = true, off = false }\ndefaultRule = { variation = \"off\" }\n[[one.targeting]]\nquery = \"\"\"\na eq 1 or\n  b eq 1\"\"\"\nvariation = \"on\"\n\
     [two]\nvariations = { on = true, off = false }\ndefaultRule = { variation = \"off\" }\n[[two.targeting]]\nquery = \"\"\"\\\n  a eq 1 or \\\n  b eq 1\"\"\"\nvariation = \"on\"\n\
     [three]\nvariations = { on = true, off = false }\ndefaultRule = { variation = \"off\" }\n[[three.targeting]]\nquery = '''{\"==\": [{\"var\": \"a\"}, 1]}'''\nvariation = \"on\"\n",
    // Values of one kind. Never whole numbers beside fractions: whether the relay takes them for one kind is chance there.
    "[one]\nvariations = { a = 1.5, b = 2.5 }\ndefaultRule = { variation = \"b\" }\n\
     [two]\nvariations = { a = 1979-05-27, b = 07:32:00 }\ndefaultRule = { variation = \"b\" }\n\
     [three]\nvariations = { a = { x = 1 }, b = {} }\ndefaultRule = { variation = \"a\" }\n[three.metadata]\nd = 1979-05-27T07:32:00Z\nl = [1, \"a\", { b = 2 }]\n",
    "",
];

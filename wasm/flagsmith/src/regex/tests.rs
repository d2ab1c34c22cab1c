//! The dialect (reference, R) and its bounds. The comparison with Python itself is `tests/regex.rs`.

use super::*;

fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).unwrap_or_else(|refusal| panic!("{pattern}: {refusal}")).is_match(text).unwrap()
}

fn is_invalid(pattern: &str) -> bool {
    matches!(Regex::new(pattern), Err(Refusal::Invalid { .. }))
}

#[test]
fn matches_where_python_does() {
    let cases = [
        ("fo", "foo"),
        ("a{,3}$", "aaa"),
        ("a{$", "a{"),
        ("foo$", "foo\n"),
        (r"\w+$", "²"),
        (r"\w+$", "Ⅷ"),
        (r"\w+$", "①"),
        (r"\d+$", "٣7"),
        (r"\s", "\u{1c}"),
        (r"\s", "\u{85}"),
        ("(?i)s", "ſ"),
        ("(?i)k", "\u{212a}"),
        ("(?i)ß", "ẞ"),
        ("(?i)i$", "İ"),
        ("(?i)ı", "I"),
        ("(?i)σ", "ς"),
        ("(?i)µ", "μ"),
        ("[[:alpha:]]+", "a]"),
        ("[]a]", "]"),
        ("[a&&b]", "&"),
        (r"\146oo", "foo"),
        (".", "\r"),
        (".", "\u{2028}"),
        ("a++b", "aab"),
        ("(?>a+)b", "aab"),
        ("(?P<n>a)(?P=n)", "aa"),
        ("(a)?(?(1)b|c)", "c"),
        ("(?=ab)a(?<=a)b", "ab"),
        ("", ""),
    ];
    for (pattern, text) in cases {
        assert!(matches(pattern, text), "{pattern} on {text:?}");
    }
}

#[test]
fn does_not_match_where_python_does_not() {
    let cases = [
        ("o", "foo"),
        (r"foo\Z", "foo\n"),
        (r"\d", "²"),
        (r"\w", "\u{301}"),
        (r"\w", "\u{203f}"),
        (r"\w", "\u{200d}"),
        ("(?i)ß", "SS"),
        (r"(?a)\w", "é"),
        ("[[:alpha:]]", "a"),
        (".", "\n"),
        ("a++a", "aaa"),
        ("(?>a|ab)c", "abc"),
        (r"\B", ""),
        // A capital beyond the basic plane is lost in a set.
        ("(?i)[𐐀x]", "𐐀"),
    ];
    for (pattern, text) in cases {
        assert!(!matches(pattern, text), "{pattern} on {text:?}");
    }
}

#[test]
fn refuses_what_python_refuses() {
    let patterns = [
        r"\z",
        "(?<x>a)",
        r"\p{L}",
        r"\u{41}",
        r"\x{41}",
        r"\Q",
        r"\h",
        r"\K",
        r"\e",
        r"\g<0>",
        "a(?i)b",
        "(?<=a|bc)",
        "a{2}{3}",
        r"[a-\d]",
        "(?L)",
        "a{99999999999}",
        r"(a\1)",
        r"\1",
        "(?(2)a)",
        "(",
        ")",
        "[",
        "*",
        "(?a)(?u)",
    ];
    for pattern in patterns {
        assert!(is_invalid(pattern), "{pattern}");
    }
}

#[test]
fn a_refusal_names_the_fault_and_its_place() {
    let Err(refusal) = Regex::new(r"ab\q") else { panic!("accepted") };
    assert_eq!(refusal, Refusal::Invalid { message: r"bad escape \q".to_owned(), column: 3 });
    assert_eq!(refusal.to_string(), r"bad escape \q, at character 3");
}

#[test]
fn what_an_automaton_decides_is_linear() {
    for pattern in ["^foo.*", r".*@example\.com$", r"[a-z]+\d{2,4}", "(a|b)*?", r"(?P<n>\bx)", "(a+)+$"] {
        assert!(Regex::new(pattern).unwrap().is_linear(), "{pattern}");
    }
    for pattern in ["(?=a)", "(?<!a)b", r"(a)\1", "(a)(?(1)b)", "(?>a)", "a*+"] {
        assert!(!Regex::new(pattern).unwrap().is_linear(), "{pattern}");
    }
}

#[test]
fn nested_repeats_take_linear_time() {
    let text = "a".repeat(100_000) + "b";
    for pattern in ["(a+)+$", "(a*)*$", "(a|a)*$", "(?:a?){20}a{20}$", "(.*)*x$"] {
        assert!(!matches(pattern, &text), "{pattern}");
    }
}

#[test]
fn the_backtracker_stops() {
    let regex = Regex::new(r"(?=(a+)+$)").unwrap();
    assert_eq!(regex.is_match(&("a".repeat(30) + "b")), Err(Exhausted));
    // The next text is not affected.
    assert_eq!(regex.is_match("aaa"), Ok(true));
    let many_groups = format!("(?:{}(?=a))*b", "(a)?".repeat(100));
    assert_eq!(Regex::new(&many_groups).unwrap().is_match(&"a".repeat(5_000)), Err(Exhausted));
}

#[test]
fn bounds_are_kept() {
    let too_large = |pattern: &str| matches!(Regex::new(pattern), Err(Refusal::TooLarge(_)));
    assert!(too_large(&"a".repeat(MAX_PATTERN_BYTES + 1)));
    assert!(too_large("(?:a{1000}){1000}"));
    assert!(too_large("a{4294967294}"));
    assert!(too_large("(?:(?:){4294967294}){4294967294}"));
    assert!(too_large(&("(".repeat(201) + &")".repeat(201))));
    assert!(!too_large(&("(".repeat(200) + &")".repeat(200))));
    assert!(!too_large(&"a".repeat(MAX_INSTRUCTIONS - 1)));
}

/// The guest has 64 KiB; native frames are larger than those of WebAssembly.
#[test]
fn a_small_stack_is_enough() {
    let small = std::thread::Builder::new().stack_size(64 * 1024);
    let work = || {
        let nested = "(?:".repeat(200) + "a" + &"|b)*?".repeat(200);
        let looks = "(?=(".repeat(100) + "a" + &")+)".repeat(100);
        let wide = "(a|".repeat(200) + &"b)".repeat(200);
        for pattern in
            [nested.as_str(), looks.as_str(), wide.as_str(), &"(a)|".repeat(4_000), &"[aé]".repeat(4_000)]
        {
            let regex = Regex::new(pattern).unwrap();
            let _ = regex.is_match(&"ab".repeat(2_000));
        }
        let deep = Regex::new("(?:a|(?=b)b)*c").unwrap();
        let _ = deep.is_match(&"ab".repeat(50_000));
    };
    small.spawn(work).unwrap().join().unwrap();
}

/// More states than the cache holds: it starts anew, and answers stay right.
#[test]
fn a_full_cache_changes_nothing() {
    let regex = Regex::new("(?:a|b)*a(?:a|b){12}c").unwrap();
    let mut text = String::new();
    let mut bits = 1u32;
    for _ in 0..5_000 {
        bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push(if bits >> 31 == 0 { 'a' } else { 'b' });
    }
    assert_eq!(regex.is_match(&text), Ok(false));
    assert_eq!(regex.is_match(&(text.clone() + "abbbbbbbbbbbbc")), Ok(true));
    assert_eq!(regex.is_match(&(text + "bbbbbbbbbbbbbc")), Ok(false));
    let accents = Regex::new(r"(?:\w\W?)*é(?:é|ü){9}!").unwrap();
    assert_eq!(accents.is_match(&("éü".repeat(500) + "!")), Ok(true));
    assert_eq!(accents.is_match(&("éü".repeat(500) + "?")), Ok(false));
}

/// `cargo test --release -p pennon-flagsmith speed -- --ignored --nocapture`
#[test]
#[ignore = "prints times"]
fn speed() {
    let cases = [
        ("^foo.*", "foo-and-some-more-txt"),
        (r".*@example\.com$", "someone@example.com"),
        (r"[a-z]+\d{2,4}", "abcdefghijklmnop1234"),
        (r"^\d{4}-\d{2}-\d{2}$", "2026-11-21"),
        ("(?i)(alpha|beta|gamma)-[a-z]+$", "GAMMA-somethingmore1"),
        (r"\w+ \w+ é+$", "żółw jest éééééé"),
        (r"^(?!admin)\w+@", "someone@example.com"),
        (r"(\w+)-\1$", "abcdefghi-abcdefghi"),
    ];
    for (pattern, text) in cases {
        let started = std::time::Instant::now();
        let regexes: Vec<_> = (0..100).map(|_| Regex::new(pattern).unwrap()).collect();
        let compiling = started.elapsed() / 100;
        let regex = &regexes[0];
        let answer = regex.is_match(text);
        let started = std::time::Instant::now();
        for _ in 0..1_000_000 {
            let _ = std::hint::black_box(regex.is_match(std::hint::black_box(text)));
        }
        println!(
            "{pattern:40} {answer:?} {:?} a match, {compiling:?} to compile",
            started.elapsed() / 1_000_000
        );
    }
}

/// `cargo test --release -p pennon-flagsmith hostile -- --ignored --nocapture`
#[test]
#[ignore = "prints times"]
fn hostile() {
    let ranges: String =
        (0..2_000).filter_map(|n| char::from_u32(0x100 + 2 * n)).map(|low| format!("{low}-{low}")).collect();
    let cases = [
        ("(?:a?){9000}b".to_owned(), "a".repeat(10_000)),
        ("(?:a|b)*a(?:a|b){5000}c".to_owned(), "ab".repeat(5_000)),
        ("(?:é|ü)*é(?:é|ü){5000}c".to_owned(), "éü".repeat(5_000)),
        (format!("(?i)(?:[{ranges}]|x)*y"), "ÿ".repeat(10_000)),
        (format!("(?i)(?:[{ranges}]){{9000}}"), "ÿ".repeat(10_000)),
        ("(?=(a+)+$)".to_owned(), "a".repeat(10_000) + "b"),
        (r"(a*)*\1b".to_owned(), "a".repeat(10_000)),
        (format!("(?:{}(?=a))*b", "(a)?".repeat(100)), "a".repeat(10_000)),
        (r"(a{5000})\1*(?:a|\1)*b".to_owned(), "a".repeat(10_000)),
        ("(?:){4000000000}+".to_owned(), String::new()),
        ("(?:){400000000}".to_owned(), String::new()),
    ];
    for (pattern, text) in cases {
        let started = std::time::Instant::now();
        let regex = Regex::new(&pattern);
        let compiling = started.elapsed();
        let started = std::time::Instant::now();
        let answer = regex.map(|regex| regex.is_match(&text));
        let name: String = pattern.chars().take(30).collect();
        println!("{name:30} {answer:?} {:?}, {compiling:?} to compile", started.elapsed());
    }
}

//! Semantic versions as Python's `semver` 3 reads and orders them (reference 2.4.2, M5).

use std::cmp::Ordering;

/// What marks a condition's value as a version.
pub const SUFFIX: &str = ":semver";

/// A version whose text was checked; ordered without its build.
#[derive(Clone, Copy, Debug)]
pub struct Version<'t> {
    /// Decimal digits without zeros in front, of any size.
    numbers: [&'t str; 3],
    prerelease: Option<&'t str>,
    build: Option<&'t str>,
}

fn is_numeric(identifier: &str) -> bool {
    !identifier.is_empty() && identifier.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_number(text: &str) -> bool {
    is_numeric(text) && (text == "0" || !text.starts_with('0'))
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl<'t> Version<'t> {
    /// Reads a version; none where it is no strict one.
    pub fn parse(text: &'t str) -> Option<Self> {
        let (rest, build) = match text.split_once('+') {
            Some((rest, build)) => (rest, Some(build)),
            None => (text, None),
        };
        let (core, prerelease) = match rest.split_once('-') {
            Some((core, prerelease)) => (core, Some(prerelease)),
            None => (rest, None),
        };
        let mut parts = core.split('.');
        let (major, minor, patch) = (parts.next()?, parts.next()?, parts.next()?);
        let numbers = [major, minor, patch];
        let is_good = parts.next().is_none()
            && numbers.iter().all(|number| is_number(number))
            && build.is_none_or(|build| build.split('.').all(is_identifier))
            && prerelease.is_none_or(|text| {
                text.split('.').all(|part| is_identifier(part) && (!is_numeric(part) || is_number(part)))
            });
        is_good.then_some(Self { numbers, prerelease, build })
    }

    /// Whether Python's `in` finds the text among its parts: the numbers are no texts (reference C2).
    pub fn contains(&self, text: &str) -> bool {
        [self.prerelease, self.build].into_iter().flatten().any(|part| part == text)
    }

    /// By precedence: builds do not count.
    pub fn compare(&self, other: &Self) -> Ordering {
        let numbers = self.numbers.iter().zip(&other.numbers);
        numbers.map(|(a, b)| compare_numbers(a, b)).find(|order| order.is_ne()).unwrap_or_else(|| {
            match (self.prerelease, other.prerelease) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(a), Some(b)) => compare_prereleases(a, b),
            }
        })
    }
}

/// The numbers of a version that is no more than three small ones, as most are.
#[inline]
pub fn plain(text: &[u8]) -> Option<[u32; 3]> {
    const MOST_DIGITS: usize = 9;
    let mut numbers = [0_u32; 3];
    let mut rest = text;
    for (place, number) in numbers.iter_mut().enumerate() {
        let mut digits = 0;
        while let [digit @ b'0'..=b'9', behind @ ..] = rest {
            if digits == MOST_DIGITS || (digits > 0 && *number == 0) {
                return None;
            }
            *number = *number * 10 + u32::from(digit - b'0');
            digits += 1;
            rest = behind;
        }
        rest = match rest {
            [b'.', behind @ ..] if place < 2 && digits > 0 => behind,
            [] if place == 2 && digits > 0 => rest,
            _ => return None,
        };
    }
    Some(numbers)
}

fn compare_numbers(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn compare_prereleases(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (is_numeric(a), is_numeric(b)) {
                (true, true) => compare_numbers(a, b),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.cmp(b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_precedence() {
        let ordered = [
            "0.0.1",
            "1.0.0-1",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.9",
            "1.0.10",
            "99999999999999999999999.0.0",
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                let (a, b) = (Version::parse(a).unwrap(), Version::parse(b).unwrap());
                assert_eq!(a.compare(&b), i.cmp(&j));
                if let (Some(a), Some(b)) = (plain(ordered[i].as_bytes()), plain(ordered[j].as_bytes())) {
                    assert_eq!(a.cmp(&b), i.cmp(&j));
                }
            }
        }
        fn with_build(text: &str) -> Version<'_> {
            Version::parse(text).unwrap()
        }
        assert!(with_build("1.2.3+a").compare(&with_build("1.2.3+b")).is_eq());
        assert!(with_build("1.2.3-x-y+b7").contains("b7") && with_build("1.2.3-x-y").contains("x-y"));
        assert!(!with_build("1.2.3-alpha.1").contains("alpha") && !with_build("1.2.3").contains("1"));
    }

    #[test]
    fn a_version_of_small_numbers_is_plain() {
        assert_eq!(plain(b"0.10.999999999"), Some([0, 10, 999_999_999]));
        for text in ["1.2.3-a", "1.2.3+a", "1.2.1000000000", "1.2.", "1..2", ".1.2", "1.2.3.", "1.00.2"] {
            assert_eq!(plain(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in [
            "",
            "1",
            "1.2",
            "v1.2.3",
            "01.2.3",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3+",
            "1.2.3-a..b",
            "1.2.3\n",
            " 1.2.3",
            "1.2.3.4",
            "1.2.3-é",
            "1.-2.3",
        ] {
            assert!(Version::parse(text).is_none() && plain(text.as_bytes()).is_none(), "{text:?}");
        }
    }
}

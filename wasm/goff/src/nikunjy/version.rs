//! Strict semantic versions (semver 2), compared by precedence; build metadata is ignored.

use std::cmp::Ordering;

/// A parsed version; borrows its pre-release part.
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    core: [u64; 3],
    /// Dot-separated identifiers, empty for a release.
    prerelease: &'a [u8],
}

impl<'a> Version<'a> {
    /// Reads a version; none where the text is not strictly one (`v1.2.3`, `1.2`, `01.2.3`) or a number of it takes over
    /// 64 bits.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let (major, rest) = leading_number(text)?;
        let (minor, rest) = leading_number(rest.strip_prefix(b".")?)?;
        let (patch, rest) = leading_number(rest.strip_prefix(b".")?)?;
        let core = [major, minor, patch];
        match rest.split_first() {
            None => Some(Self { core, prerelease: &[] }),
            Some((b'-' | b'+', _)) => Some(Self { core, prerelease: prerelease(rest)? }),
            Some(_) => None,
        }
    }

    /// Precedence of semver 2: a pre-release is before its release, numeric identifiers before others.
    pub fn compare(&self, other: &Version<'_>) -> Ordering {
        let releases = || match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
            (false, false) => None,
            (one, two) => Some(one.cmp(&two)),
        };
        self.core.cmp(&other.core).then_with(|| {
            releases().unwrap_or_else(|| {
                identifiers(self.prerelease)
                    .map(Identifier::new)
                    .cmp(identifiers(other.prerelease).map(Identifier::new))
            })
        })
    }
}

/// A version that others are compared with.
#[derive(Debug)]
pub struct Bound {
    core: [u64; 3],
    prerelease: Box<[u8]>,
}

impl Bound {
    /// Reads a version, as [`Version::parse`] does.
    pub fn parse(text: &str) -> Option<Self> {
        let Version { core, prerelease } = Version::parse(text.as_bytes())?;
        Some(Self { core, prerelease: prerelease.into() })
    }

    /// The order of `version` to this one.
    pub fn order_of(&self, version: &Version<'_>) -> Ordering {
        version.compare(&Version { core: self.core, prerelease: &self.prerelease })
    }
}

/// The pre-release part of what follows the three numbers; none where it, or the build metadata, is not strictly one.
fn prerelease(rest: &[u8]) -> Option<&[u8]> {
    let build_at = rest.iter().position(|byte| *byte == b'+');
    let (prerelease, build) = rest.split_at(build_at.unwrap_or(rest.len()));
    if let Some((_, build)) = build.split_first() {
        identifiers(build).all(is_identifier).then_some(())?;
    }
    let Some((_, prerelease)) = prerelease.split_first() else { return Some(&[]) };
    let is_part = |part| is_identifier(part) && (!is_numeric(part) || number(part).is_some());
    identifiers(prerelease).all(is_part).then_some(prerelease)
}

/// The number that a text starts with, and the rest of it.
#[inline]
fn leading_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let (mut rest, mut value) = (text, 0_u64);
    while let [digit @ b'0'..=b'9', tail @ ..] = rest {
        value = value.checked_mul(10)?.checked_add(u64::from(*digit - b'0'))?;
        rest = tail;
    }
    let leading_zero = matches!(text, [b'0', b'0'..=b'9', ..]);
    (rest.len() < text.len() && !leading_zero).then_some((value, rest))
}

/// A pre-release identifier, ordered as semver has it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    Numeric(u64),
    Text(&'a [u8]),
}

impl<'a> Identifier<'a> {
    fn new(part: &'a [u8]) -> Self {
        match number(part) {
            Some(number) => Self::Numeric(number),
            None => Self::Text(part),
        }
    }
}

fn identifiers(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'.')
}

fn is_identifier(part: &[u8]) -> bool {
    !part.is_empty() && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

fn is_numeric(part: &[u8]) -> bool {
    part.iter().all(u8::is_ascii_digit)
}

/// A number without leading zeros, in 64 bits.
fn number(part: &[u8]) -> Option<u64> {
    if !is_numeric(part) || (part.len() > 1 && part.first() == Some(&b'0')) {
        return None;
    }
    std::str::from_utf8(part).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_is_that_of_semver() {
        let ordered = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.10.0",
        ];
        for (i, one) in ordered.iter().enumerate() {
            for (j, two) in ordered.iter().enumerate() {
                let one = Version::parse(one.as_bytes()).unwrap();
                let two = Version::parse(two.as_bytes()).unwrap();
                assert_eq!(one.compare(&two), i.cmp(&j));
            }
        }
        let build = Version::parse(b"1.0.0+build.-1").unwrap();
        assert_eq!(build.compare(&Version::parse(b"1.0.0").unwrap()), Ordering::Equal);
    }

    #[test]
    fn what_is_not_strictly_a_version_is_none() {
        for text in [
            "",
            "1.2",
            "v1.2.3",
            "01.2.3",
            " 1.2.3",
            "1.2.3.4",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3-a..b",
            "1.2.3+",
            "1.2.3-a_b",
            "1.2.18446744073709551616",
            "1.2.3-18446744073709551616",
            "1.2.3-é",
        ] {
            assert!(Version::parse(text.as_bytes()).is_none(), "{text}");
        }
        assert!(Version::parse(b"1.2.3--").is_some());
    }
}

//! Comparing bytes a word at a time: in a guest every step of a loop and every access to memory is checked, and there is no
//! library routine to call.

/// Up to eight bytes as a word; two texts of one length have the same word only if they are the same.
#[inline]
fn short(bytes: &[u8]) -> u64 {
    if let (Some(head), Some(tail)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*head)) | u64::from(u32::from_le_bytes(*tail)) << 32;
    }
    match bytes {
        [a, b, c] => u64::from(*a) | u64::from(*b) << 8 | u64::from(*c) << 16,
        [a, b] => u64::from(*a) | u64::from(*b) << 8,
        [a] => u64::from(*a),
        _ => 0,
    }
}

/// The first eight bytes of a text as a word, or all where there are fewer.
#[inline(always)]
pub fn head(text: &[u8]) -> u64 {
    text.first_chunk::<8>().map_or_else(|| short(text), |chunk| u64::from_le_bytes(*chunk))
}

/// Whether `holds` for each word of two texts of one length; the last word overlaps the one before.
#[inline]
fn each_word(a: &[u8], b: &[u8], holds: impl Fn(u64, u64) -> bool) -> bool {
    if a.len() <= 8 {
        return holds(short(a), short(b));
    }
    let (words, _) = a.as_chunks::<8>();
    let (others, _) = b.as_chunks::<8>();
    let whole = words.iter().zip(others);
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    for (a, b) in whole {
        if !holds(word(a), word(b)) {
            return false;
        }
    }
    match (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(a), Some(b)) => holds(word(a), word(b)),
        _ => true,
    }
}

/// Whether two texts are the same.
#[inline]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && each_word(a, b, |a, b| a == b)
}

/// A text that others are compared with often: its first word is kept at hand, so that most texts are told from it without a
/// look at its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Literal {
    /// Up to eight bytes as a word, see `short`.
    head: u64,
    bytes: Box<[u8]>,
}

impl Literal {
    /// Keeps `text`.
    pub fn new(text: &[u8]) -> Self {
        Self { head: head(text), bytes: text.into() }
    }

    /// Its first eight bytes as a word, or all where there are fewer.
    #[inline(always)]
    pub fn head(&self) -> u64 {
        self.head
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether `text` is this text.
    #[inline(always)]
    pub fn equals(&self, text: &[u8]) -> bool {
        self.equals_with_head(text, head(text))
    }

    /// Whether `text`, whose [`head`] this is, is this text.
    #[inline(always)]
    pub fn equals_with_head(&self, text: &[u8], head: u64) -> bool {
        text.len() == self.bytes.len() && head == self.head && (text.len() <= 8 || equal(text, &self.bytes))
    }

    /// Whether `text` in lower case is this text, which is in lower case; where `text` is not ASCII, only whether it is so as
    /// it stands.
    #[inline(always)]
    pub fn equals_lower(&self, text: &Subject<'_>) -> bool {
        text.bytes.len() == self.bytes.len()
            && text.head == self.head
            && (text.bytes.len() <= 8 || equal_lower(text.bytes, &self.bytes))
    }
}

/// A text that is compared with many others: what every comparison needs of it is found once.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    bytes: &'a [u8],
    /// Up to eight bytes as a word, in lower case where the text is ASCII.
    head: u64,
    ascii: bool,
}

impl<'a> Subject<'a> {
    /// Looks at `bytes`.
    #[inline(always)]
    pub fn new(bytes: &'a [u8]) -> Self {
        let head = head(bytes);
        let ascii = head & HIGH == 0 && (bytes.len() <= 8 || is_ascii(bytes));
        Self { bytes, head: if ascii { lower_ascii(head) } else { head }, ascii }
    }

    /// The text.
    #[inline(always)]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its first eight bytes as a word, or all where there are fewer; in lower case where the text is ASCII.
    #[inline(always)]
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Whether all of it is ASCII.
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        self.ascii
    }
}

/// Whether a text of more than eight bytes, whose first eight are, is ASCII.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    let (words, _) = bytes.as_chunks::<8>();
    let last = bytes.last_chunk::<8>().map_or(0, |last| u64::from_le_bytes(*last));
    let high = words.iter().skip(1).fold(last, |high, word| high | u64::from_le_bytes(*word));
    high & HIGH == 0
}

/// Whether the ASCII text `text`, in lower case, contains `lower`, which is in lower case. Looks for its first byte eight
/// bytes at a time.
#[inline]
pub fn contains_lower(text: &[u8], lower: &[u8]) -> bool {
    let Some(first) = lower.first() else { return true };
    let Some(last_start) = text.len().checked_sub(lower.len()) else { return false };
    let wanted = u64::from(*first) * ONES;
    let mut start = 0;
    while start <= last_start {
        let rest = text.get(start..).unwrap_or_default();
        let word = match rest.first_chunk::<8>() {
            Some(word) => u64::from_le_bytes(*word),
            None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        // A byte that is zero here is the one looked for. The lowest zero is marked, and perhaps bytes above it that are not.
        let other = lower_ascii(word & !HIGH) ^ wanted;
        let mut marks = other.wrapping_sub(ONES) & !other & HIGH;
        while marks != 0 {
            let at = start + marks.trailing_zeros() as usize / 8;
            if text.get(at..at + lower.len()).is_some_and(|window| equal_lower(window, lower)) {
                return true;
            }
            marks &= marks - 1;
        }
        start += 8;
    }
    false
}

/// Whether `a` is before `b` in the order of lengths and then of bytes.
#[inline]
pub fn before(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return a.len() < b.len();
    }
    let (words, a_tail) = a.as_chunks::<8>();
    let (others, b_tail) = b.as_chunks::<8>();
    for (a, b) in words.iter().zip(others) {
        let (a, b) = (u64::from_be_bytes(*a), u64::from_be_bytes(*b));
        if a != b {
            return a < b;
        }
    }
    a_tail < b_tail
}

/// Whether `text` is `lower` when its ASCII letters are made lower case; false where a byte of it is not ASCII.
#[inline]
pub fn equal_lower(text: &[u8], lower: &[u8]) -> bool {
    text.len() == lower.len() && each_word(text, lower, |word, lower| lower_word(word) == Some(lower))
}

/// One in each byte of a word, and the highest bit of each.
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// Eight bytes in lower case; none where one is not ASCII.
#[inline]
fn lower_word(word: u64) -> Option<u64> {
    (word & HIGH == 0).then(|| lower_ascii(word))
}

/// Eight ASCII bytes in lower case. A byte is an upper-case letter where adding to it what `A` lacks of 128 reaches that, and
/// adding what `[` lacks does not.
#[inline(always)]
fn lower_ascii(word: u64) -> u64 {
    let from_a = word + (0x80 - b'A' as u64) * ONES;
    let past_z = word + (0x7f - b'Z' as u64) * ONES;
    let upper = (from_a ^ past_z) & HIGH;
    word | upper >> 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_compare_as_bytes_do() {
        let text = b"The Quick, Brown [Fox] @ Jumps_over `the` {lazy} Dog";
        for length in 0..text.len() {
            let part = &text[..length];
            assert!(equal(part, part));
            assert!(equal_lower(part, &part.to_ascii_lowercase()));
            let literal = Literal::new(&part.to_ascii_lowercase());
            assert!(literal.equals_lower(&Subject::new(part)) && Literal::new(part).equals(part));
            for changed in 0..length {
                let mut other = part.to_vec();
                other[changed] ^= 1;
                assert!(!equal(part, &other), "{length} {changed}");
                assert!(!Literal::new(part).equals(&other), "{length} {changed}");
                let subject = Subject::new(&other);
                assert_eq!(literal.equals_lower(&subject), equal_lower(&other, literal.as_bytes()));
                let lower = other.to_ascii_lowercase();
                assert_eq!(
                    equal_lower(part, &lower),
                    part.to_ascii_lowercase() == lower,
                    "{length} {changed}"
                );
            }
        }
        assert!(before(b"b", b"aa") && before(b"abcdefgha", b"abcdefghb") && !before(b"same", b"same"));
        let (lower, upper) = (text.to_ascii_lowercase(), text.to_ascii_uppercase());
        for start in 0..text.len() {
            for end in start..text.len() {
                assert!(contains_lower(&upper, &lower[start..end]), "{start} {end}");
                let mut other = lower[start..end].to_vec();
                other.push(b'#');
                assert!(!contains_lower(&upper, &other), "{start} {end}");
            }
        }
        for byte in 0..=u8::MAX {
            assert_eq!(Subject::new(&[byte]).is_ascii(), byte.is_ascii());
            assert_eq!(Subject::new(&[[b'x'; 11].as_slice(), &[byte]].concat()).is_ascii(), byte.is_ascii());
            assert_eq!(equal_lower(&[byte], &[byte.to_ascii_lowercase()]), byte.is_ascii());
        }
    }
}

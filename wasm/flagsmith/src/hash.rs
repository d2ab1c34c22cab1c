//! The percentage of an identity: MD5 of ids, as a number from 0 to below 100 (reference 2.5).

use md5::{Digest, Md5};

/// Hashes that end here are made again with the ids once more.
const WRAP: u64 = 9998;

/// Ids that begin every text that is hashed: what comes after them is hashed alone.
#[derive(Clone, Debug)]
pub struct Prefix {
    text: Box<[u8]>,
    state: Md5,
}

impl Prefix {
    /// A text that begins with this.
    pub fn new(text: &[u8]) -> Self {
        Self { text: text.into(), state: Md5::new_with_prefix(text) }
    }

    /// The percentage of the ids that this and `rest`, in pieces, make together.
    #[inline]
    pub fn percentage(&self, rest: &[&[u8]]) -> f64 {
        let mut hash = self.state.clone();
        rest.iter().for_each(|part| hash.update(part));
        let bucket = modulo(hash.finalize().into());
        if bucket == WRAP { self.repeated(rest) } else { percentage(bucket) }
    }

    /// With the ids twice, three times...: a bucket that is not the last is soon found.
    #[cold]
    fn repeated(&self, rest: &[&[u8]]) -> f64 {
        let ids = [&self.text, rest.concat().as_slice()].concat();
        let mut hash = Md5::new_with_prefix(&ids);
        loop {
            hash.update(b",");
            hash.update(&ids);
            let bucket = modulo(hash.clone().finalize().into());
            if bucket != WRAP {
                return percentage(bucket);
            }
        }
    }
}

/// The hash as a big-endian number, modulo 9999; in two halves, since 128 bits are divided slowly.
fn modulo(hash: [u8; 16]) -> u64 {
    let whole = u128::from_be_bytes(hash);
    let (high, low) = ((whole >> 64) as u64, whole as u64);
    // 2^64 modulo 9999, of which `u64::MAX` is one less.
    let shift = u64::MAX % 9999 + 1;
    ((high % 9999) * shift + low % 9999) % 9999
}

fn percentage(bucket: u64) -> f64 {
    bucket as f64 / 9998.0 * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_references_vectors_hold() {
        let vectors = [
            ("12345", "test_env_foobar", 51.990398079615915),
            ("78986", "32103813", 49.27985597119424),
            ("1", "1", 84.97699539907981),
            ("10", "93", 30.06601320264053),
            ("k", "é", 93.46869373874776),
            ("seg", "27259", 58.38167633526705),
            ("seg", "52293", 87.64752950590118),
        ];
        for (one, other, value) in vectors {
            assert_eq!(
                Prefix::new(format!("{one},").as_bytes()).percentage(&[other.as_bytes()]),
                value,
                "{one},{other}"
            );
            let (head, tail) = other.split_at(other.len() - other.chars().last().unwrap().len_utf8());
            assert_eq!(Prefix::new(format!("{one},{head}").as_bytes()).percentage(&[tail.as_bytes()]), value);
        }
    }
}

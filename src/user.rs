//! Who an event is about, in a form that can be copied in a few nanoseconds.

/// Who an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User<'a> {
    /// The targeting key.
    pub(crate) key: Option<&'a str>,
    /// Whether the attribute `anonymous` is true.
    pub(crate) is_anonymous: bool,
}

/// Bytes of a targeting key that an event holds without allocating: an UUID has 36.
const INLINE: usize = 38;

/// The same, owned. Its copy is one of a fixed size where the key is not long.
#[derive(Clone, Debug)]
pub(crate) struct EventUser {
    key: Key,
    is_anonymous: bool,
}

#[derive(Clone, Debug)]
enum Key {
    Inline(u8, [u8; INLINE]),
    Long(Box<str>),
}

impl EventUser {
    pub(crate) fn new(user: User<'_>) -> Self {
        let key = user.key.unwrap_or_default();
        let mut inline = [0; INLINE];
        let key = match inline.get_mut(..key.len()) {
            Some(place) => {
                place.copy_from_slice(key.as_bytes());
                Key::Inline(key.len() as u8, inline)
            }
            None => Key::Long(key.into()),
        };
        Self { key, is_anonymous: user.is_anonymous }
    }

    pub(crate) fn user(&self) -> User<'_> {
        let key = match &self.key {
            Key::Inline(length, bytes) => {
                let bytes = bytes.get(..usize::from(*length)).unwrap_or_default();
                std::str::from_utf8(bytes).unwrap_or_default()
            }
            Key::Long(key) => key,
        };
        User { key: Some(key).filter(|key| !key.is_empty()), is_anonymous: self.is_anonymous }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_key_is_kept() {
        for key in ["user-1", &"x".repeat(38), &"é".repeat(40)] {
            let user = User { key: Some(key), is_anonymous: true };
            assert_eq!(EventUser::new(user).user(), user);
        }
        let nobody = User { key: None, is_anonymous: false };
        assert_eq!(EventUser::new(nobody).user(), nobody);
    }
}

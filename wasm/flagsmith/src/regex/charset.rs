//! What one character may be, as it is asked for each character of a text.

use super::fold;
use super::syntax::{Category, Item, Mode, Node, Set};
use super::unicode;

/// The last code of the basic plane. `sre` folds the case of sets by a table of this plane, and by other rules beyond.
const LAST_BASIC: u32 = 0xffff;

/// How case is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fold {
    Exact,
    Ascii,
    Unicode,
}

impl Fold {
    pub fn of(mode: Mode) -> Self {
        match mode {
            Mode { ignore_case: false, .. } => Self::Exact,
            Mode { ascii: true, .. } => Self::Ascii,
            _ => Self::Unicode,
        }
    }

    /// The form in which codes are compared.
    pub fn apply(self, code: u32) -> u32 {
        match self {
            Self::Exact => code,
            Self::Ascii => fold::lower_ascii(code),
            Self::Unicode => fold::lower(code),
        }
    }
}

/// A member; it is compared with a code whose case has been folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Member {
    Code(u32),
    Range(u32, u32),
    /// A range that reaches beyond the basic plane: the code itself or its capital.
    WideRange(u32, u32),
    Category {
        category: Category,
        negated: bool,
        ascii: bool,
    },
}

/// A set of characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CharSet {
    /// The codes below 128, by bit.
    ascii: u128,
    members: Vec<Member>,
    /// Ranges of codes that are equal, case ignored, to what the set holds.
    folded: Vec<(u32, u32)>,
    negated: bool,
    fold: Fold,
}

impl CharSet {
    /// The set of a node that takes one character; other nodes have none.
    pub fn of(node: &Node) -> Option<Self> {
        match node {
            Node::Code { code, negated, mode } => {
                let fold = Fold::of(*mode);
                let mut members = vec![Member::Code(fold.apply(*code))];
                push_equivalent(&mut members, fold.apply(*code), fold);
                Some(Self::new(members, Vec::new(), *negated, fold))
            }
            Node::Set(set) => Some(Self::of_set(set)),
            Node::Any { mode } => {
                let members = if mode.dot_all { Vec::new() } else { vec![Member::Code(u32::from('\n'))] };
                Some(Self::new(members, Vec::new(), true, Fold::Exact))
            }
            _ => None,
        }
    }

    fn of_set(set: &Set) -> Self {
        let fold = Fold::of(set.mode);
        let (mut members, mut folded) = (Vec::new(), Vec::new());
        for item in &set.items {
            match *item {
                Item::Category { category, negated } => {
                    members.push(Member::Category { category, negated, ascii: set.mode.ascii });
                }
                Item::Code(code) => push_code(&mut members, code, fold),
                Item::Range(low, high) if fold == Fold::Exact => members.push(Member::Range(low, high)),
                Item::Range(low, high) => {
                    folded.push((low, high.min(LAST_BASIC)));
                    if high > LAST_BASIC {
                        members.push(Member::WideRange(low, high));
                    }
                }
            }
        }
        Self::new(members, folded, set.negated, fold)
    }

    fn new(members: Vec<Member>, folded: Vec<(u32, u32)>, negated: bool, fold: Fold) -> Self {
        let mut set = Self { ascii: 0, members, folded, negated, fold };
        for character in '\0'..='\x7f' {
            set.ascii |= u128::from(set.search(character)) << u32::from(character);
        }
        set
    }

    /// Whether the set holds a character.
    #[inline]
    pub fn contains(&self, character: char) -> bool {
        let code = u32::from(character);
        if code < 128 { self.ascii >> code & 1 == 1 } else { self.search(character) }
    }

    /// The codes below 128, by bit.
    pub fn ascii(&self) -> u128 {
        self.ascii
    }

    fn search(&self, character: char) -> bool {
        let code = self.fold.apply(u32::from(character));
        let in_range = |form: u32| self.folded.iter().any(|(low, high)| (*low..=*high).contains(&form));
        let found = self.members.iter().any(|member| member.holds(code))
            || !self.folded.is_empty() && fold::forms(code, self.fold == Fold::Unicode).any(in_range);
        found != self.negated
    }
}

fn push_code(members: &mut Vec<Member>, code: u32, fold: Fold) {
    let folded = fold.apply(code);
    // Beyond the basic plane `sre` compares the code as it is written with the folded one: a capital there matches nothing.
    members.push(Member::Code(if folded > LAST_BASIC { code } else { folded }));
    push_equivalent(members, folded, fold);
}

fn push_equivalent(members: &mut Vec<Member>, code: u32, fold: Fold) {
    if fold == Fold::Unicode {
        members.extend(fold::equivalent(code).iter().map(|letter| Member::Code(u32::from(*letter))));
    }
}

impl Member {
    fn holds(self, code: u32) -> bool {
        match self {
            Self::Code(own) => own == code,
            Self::Range(low, high) => (low..=high).contains(&code),
            Self::WideRange(low, high) => {
                (low..=high).contains(&code) || (low..=high).contains(&fold::upper(code))
            }
            Self::Category { category, negated, ascii } => {
                // Text has no codes that are no characters.
                char::from_u32(code).is_some_and(|character| belongs(character, category, ascii) != negated)
            }
        }
    }
}

fn belongs(character: char, category: Category, ascii: bool) -> bool {
    match category {
        Category::Digit if ascii => character.is_ascii_digit(),
        Category::Space if ascii => unicode::is_ascii_space(character),
        Category::Word if ascii => unicode::is_ascii_word(character),
        Category::Digit => unicode::is_digit(character),
        Category::Space => unicode::is_space(character),
        Category::Word => unicode::is_word(character),
    }
}

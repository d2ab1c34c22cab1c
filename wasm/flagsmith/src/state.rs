//! A feature's state in the form in which it is evaluated: a value, or variants that identities are split between
//! (reference 2.7).

use crate::answers::{Answer, Answers, Cause};
use crate::feature::Feature;
use crate::hash::Prefix;
use crate::json::{Kind, Node};
use crate::scope::Identity;

/// A compiled state.
#[derive(Debug)]
pub struct State {
    /// The answer without an identity, or without variants.
    plain: u32,
    split: Option<Box<Split>>,
}

/// From which percentage to below which, and the answer there.
pub type Share = (f64, f64, u32);

#[derive(Debug)]
struct Split {
    prefix: Prefix,
    shares: Vec<Share>,
    /// Of identities to whom no share falls; none where the engine raises, because the next share is no number.
    control: Option<u32>,
}

/// The engine raises: a share is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoShare;

fn weight(node: Node<'_>) -> Option<f64> {
    match node.kind() {
        Kind::Int(weight) => weight.to_f64(),
        Kind::Float(weight) => Some(weight),
        Kind::Bool(weight) => Some(weight.into()),
        _ => None,
    }
}

impl State {
    /// Compiles a state, whose answer without a variant is given for `cause`.
    pub fn new(feature: &Feature<'_>, cause: Cause<'_>, answers: &mut Answers) -> Self {
        let answer = Answer::plain(feature, cause);
        let plain = answers.add(answer.clone());
        if feature.variants.is_empty() {
            return Self { plain, split: None };
        }
        let mut shares = Vec::new();
        let mut start = 0.0;
        let mut is_whole = true;
        for variant in &feature.variants {
            let Some(weight) = weight(variant.weight) else {
                is_whole = false;
                break;
            };
            let limit = weight + start;
            let split = answer.clone().split(variant.value, variant.key, variant.weight);
            shares.push((start, limit, answers.add(split)));
            start = limit;
        }
        let control = is_whole.then(|| answers.add(answer.control()));
        let prefix = Prefix::new(format!("{},", feature.key).as_bytes());
        Self { plain, split: Some(Box::new(Split { prefix, shares, control })) }
    }

    /// The number of the answer for an identity.
    #[inline]
    pub fn answer(&self, identity: Option<&Identity<'_>>) -> Result<u32, NoShare> {
        match (&self.split, identity) {
            (Some(split), Some(identity)) => split.answer(identity),
            _ => Ok(self.plain),
        }
    }

    /// The percentage of an identity, and the shares. None where it is not split.
    pub fn shares(&self, identity: &Identity<'_>) -> Option<(f64, &[Share])> {
        let split = self.split.as_ref()?;
        Some((split.prefix.percentage(&identity.key), &split.shares))
    }

    /// Whether identities have different answers.
    pub fn is_split(&self) -> bool {
        self.split.is_some()
    }
}

impl Split {
    #[inline(never)]
    fn answer(&self, identity: &Identity<'_>) -> Result<u32, NoShare> {
        let percentage = self.prefix.percentage(&identity.key);
        let share = self.shares.iter().find(|(start, limit, _)| *start <= percentage && percentage < *limit);
        share.map(|(_, _, answer)| *answer).or(self.control).ok_or(NoShare)
    }
}

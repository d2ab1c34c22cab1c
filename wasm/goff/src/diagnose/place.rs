//! Where in a flag a diagnostic belongs.

use std::fmt;

use crate::flag::{Flag, Rule};
use crate::validate::rule_name;

/// A part of a flag, or of one of its scheduled steps; written only where there is something to say.
#[derive(Clone, Copy)]
pub struct Place<'f> {
    /// Number of the step.
    pub step: Option<usize>,
    pub part: Part<'f>,
}

/// A part of a flag.
#[derive(Clone, Copy)]
pub enum Part<'f> {
    Whole,
    Default,
    Targeting(usize, &'f Rule),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = match (self.step, self.part) {
            (None, _) => "",
            (Some(step), part) => {
                write!(f, "scheduledRollout[{step}]")?;
                if matches!(part, Part::Whole) { "" } else { "." }
            }
        };
        match self.part {
            Part::Whole => Ok(()),
            Part::Default => write!(f, "{separator}defaultRule"),
            Part::Targeting(index, rule) => write!(f, "{separator}{}", rule_name(index, rule)),
        }
    }
}

/// All rules of a flag and of its steps.
pub fn rules<'f>(flag: &'f Flag<'_>) -> impl Iterator<Item = (Place<'f>, &'f Rule)> {
    let steps = flag.scheduled.iter().flatten().enumerate();
    own_rules(None, flag).chain(steps.flat_map(|(number, step)| own_rules(Some(number), &step.flag)))
}

/// The rules of a flag, or of the step of this number, alone.
pub fn own_rules<'f>(step: Option<usize>, flag: &'f Flag<'_>) -> impl Iterator<Item = (Place<'f>, &'f Rule)> {
    let default = flag.default_rule.iter().map(|rule| (Part::Default, rule));
    let targeting = flag.targeting.iter().flatten().enumerate();
    let targeting = targeting.map(|(index, rule)| (Part::Targeting(index, rule), rule));
    default.chain(targeting).map(move |(part, rule)| (Place { step, part }, rule))
}

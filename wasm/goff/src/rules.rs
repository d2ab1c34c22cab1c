//! The rules of a flag between two of its scheduled steps: finding the one that matches.

use std::rc::Rc;

use crate::nikunjy::{Comparisons, Step, run};
use crate::query::Query;
use crate::scope::Scope;

/// Steps that one phase may have before its queries are run one by one: phases do not share steps, but queries.
const MAX_STEPS: usize = 4096;

/// The queries of a list of rules, in order.
#[derive(Debug, Default)]
pub struct Targeting {
    start: u32,
    steps: Box<[Step]>,
    /// Queries that are not laid out as steps.
    queries: Box<[Rc<Query>]>,
    rules: u32,
}

/// Ends of the steps are the rules, counted down from here.
const FIRST_RULE: u32 = u32::MAX;

/// What a rule asks for.
#[derive(Clone, Debug)]
pub struct Condition {
    pub query: Rc<Query>,
    /// A rule that is switched off matches nothing.
    pub disabled: bool,
}

impl Targeting {
    /// Lays out the conditions of rules.
    pub fn new(conditions: &[Condition]) -> Self {
        let (mut steps, mut queries) = (Vec::new(), Vec::new());
        let rules = conditions.len() as u32;
        // From the last rule to the first, so that it is known where to go on. No rule matches: the end after the last.
        let mut start = FIRST_RULE - rules;
        for (number, condition) in conditions.iter().enumerate().rev() {
            let rule = FIRST_RULE - number as u32;
            start = match &*condition.query {
                _ if condition.disabled => start,
                Query::Always => rule,
                query => match query.program().filter(|program| steps.len() + program.size() <= MAX_STEPS) {
                    Some(program) => program.append(&mut steps, rule, start),
                    None => {
                        queries.push(Rc::clone(&condition.query));
                        steps.push(Step::query(queries.len() as u32 - 1, rule, start));
                        steps.len() as u32 - 1
                    }
                },
            };
        }
        Self { start, steps: steps.into(), queries: queries.into(), rules }
    }

    /// Whether it asks nothing of a context.
    pub fn is_unconditional(&self) -> bool {
        self.steps.is_empty()
    }

    /// The number of the first rule that matches.
    #[inline(always)]
    pub fn first_match(&self, comparisons: &Comparisons, scope: &Scope<'_>) -> Option<u32> {
        let end = if self.steps.is_empty() {
            self.start
        } else {
            run(&self.steps, self.start, comparisons, scope, &self.queries)
        };
        let rule = FIRST_RULE - end;
        (rule < self.rules).then_some(rule)
    }
}

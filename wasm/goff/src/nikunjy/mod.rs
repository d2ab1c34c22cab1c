//! The nikunjy query language as the relay runs it: `email ew "@example.com" and not (plan in ["free"])`.
//!
//! The grammar is small; what makes it hard is that the relay ignores every syntax error and evaluates what ANTLR's
//! error recovery makes of the text. [`lexer`] and [`parser`] reproduce that (reference, "nikunjy error recovery"), and
//! keep note of every repair, so that a flag's author is told what the service does not say.

mod evaluate;
mod explain;
mod lexer;
mod literal;
mod parser;
mod program;
mod stale;
mod text;
mod version;

use crate::scope::{Attribute, Scope};
pub use explain::explain;
pub use parser::{Repair, RepairKind, Repairs};
pub use program::{Comparisons, Program, Step, run};
pub use stale::StaleOperand;

/// Levels of parentheses in one query. The relay has no bound; the guest's stack of 64 KiB needs one.
pub const MAX_QUERY_DEPTH: usize = 64;

/// A compiled query.
#[derive(Debug)]
pub struct Query {
    form: Form,
    repairs: Repairs,
    too_deep: bool,
    valid: bool,
}

/// A query as it is run.
#[derive(Debug)]
enum Form {
    /// One that reads top-level attributes alone.
    Steps(Program),
    /// Any other.
    Chain(parser::Chain),
}

/// The query met a fault of its own while it ran (an unreadable value, an operator that a value does not have, a path
/// through something that is no object): the whole of it is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault;

impl Query {
    /// Compiles any text; there is none that does not compile, only queries that never match. What it compares is added to
    /// `comparisons`, those of its flag.
    pub fn parse(text: &str, comparisons: &mut Comparisons) -> Self {
        let parser::Parsed { chain, repairs, too_deep } = parser::parse(text);
        // The relay's check at load: the query is run once on a context without any attribute, and must not fault.
        let (form, valid) = if Program::suits(&chain) {
            let program = Program::new(chain, comparisons);
            let valid = program.is_valid(comparisons);
            (Form::Steps(program), valid)
        } else {
            let valid = evaluate::run(&chain, None).is_ok();
            (Form::Chain(chain), valid)
        };
        Self { form, repairs, too_deep, valid: valid && !too_deep }
    }

    /// Whether the query matches; where it meets a fault, it does not.
    pub fn matches(&self, comparisons: &Comparisons, scope: &Scope<'_>) -> bool {
        match &self.form {
            Form::Steps(program) => program.matches(comparisons, scope),
            Form::Chain(chain) => evaluate::run(chain, Some(scope)).unwrap_or(false),
        }
    }

    /// Its steps, where it is made of such.
    pub fn program(&self) -> Option<&Program> {
        match &self.form {
            Form::Steps(program) => Some(program),
            Form::Chain(_) => None,
        }
    }

    /// Whether the relay takes it.
    pub fn is_valid(&self) -> bool {
        self.valid
    }

    /// Whether the query passes [`MAX_QUERY_DEPTH`].
    pub fn is_too_deep(&self) -> bool {
        self.too_deep
    }

    /// What error recovery changed.
    pub fn repairs(&self) -> &Repairs {
        &self.repairs
    }

    /// Calls `visit` with every top-level attribute that the query may read beside those that its steps read.
    pub fn attributes<'a>(&'a self, visit: &mut impl FnMut(&'a Attribute)) {
        match &self.form {
            Form::Steps(_) => {}
            Form::Chain(chain) => chain.comparisons(&mut |comparison| visit(&comparison.path.first)),
        }
    }

    /// Comparisons that may read another operand than their own, in the order of the text.
    pub fn stale_operands(&self) -> Vec<StaleOperand> {
        match &self.form {
            Form::Steps(_) => Vec::new(),
            Form::Chain(chain) => stale::operands(chain),
        }
    }
}

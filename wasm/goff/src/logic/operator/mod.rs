//! The operators, and what each makes of its arguments.

mod arithmetic;
mod compare;
mod each;
mod member;
mod name;
mod read;
mod shape;
mod text;
mod truth;

pub use name::Operator;

use super::Fault;
use super::machine::Machine;
use super::value::Val;

impl<'e> Machine<'e> {
    /// What an operator makes of its arguments, which are not evaluated yet.
    #[inline(always)]
    pub fn operate(&self, operator: Operator, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        self.budget
            .deeper(|| self.dispatch(operator, arguments, data))
            .map_err(|fault| fault.within(operator))
    }

    fn dispatch(&self, operator: Operator, arguments: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        use Operator as Op;
        match operator {
            Op::And => self.and_or(arguments, data, false),
            Op::Or => self.and_or(arguments, data, true),
            Op::If | Op::Choose => self.choose(arguments, data),
            Op::Not => Ok(Val::Bool(!self.truth(arguments, data)?)),
            Op::Truth => Ok(Val::Bool(self.truth(arguments, data)?)),
            Op::Equal | Op::NotEqual => self.equality(operator, arguments, data),
            Op::Same | Op::NotSame => self.sameness(operator, arguments, data),
            Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => {
                self.order(operator, arguments, data)
            }
            Op::In => self.is_in(arguments, data),
            Op::Var => self.var(arguments, data),
            Op::Missing => self.missing(arguments, data),
            Op::MissingSome => self.missing_some(arguments, data),
            Op::ContainsAll | Op::ContainsAny | Op::ContainsNone => self.contains(operator, arguments, data),
            Op::Map => self.map_list(arguments, data),
            Op::Filter => self.filter(arguments, data),
            Op::Reduce => self.reduce(arguments, data),
            Op::All | Op::None | Op::Some => self.quantify(operator, arguments, data),
            Op::Merge => self.merge(arguments, data),
            Op::Set => self.set(arguments, data),
            Op::Cat => self.cat(arguments, data),
            Op::Substr => self.substr(arguments, data),
            Op::Add | Op::Multiply => self.total(operator, arguments, data),
            Op::Subtract | Op::Divide | Op::Max | Op::Min => self.fold(operator, arguments, data),
            Op::Remainder => self.remainder(arguments, data),
            Op::Abs => self.abs(arguments, data),
        }
    }
}

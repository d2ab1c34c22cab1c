//! One evaluation: evaluating values, and what every operator needs for it.

use super::Fault;
use super::budget::Budget;
use super::heap::{Heap, Made, Store};
use super::json::{Call, Json, Object};
use super::number;
use super::operator::Operator;
use super::value::{List, Map, Member, Reduction, Val};

/// One evaluation.
#[derive(Debug)]
pub(super) struct Machine<'e> {
    heap: Heap<'e>,
    pub budget: Budget,
}

/// What an operator was given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Given<'e> {
    /// A list of so many arguments.
    List(usize),
    /// One value that is no list.
    One(Val<'e>),
}

impl<'e> Machine<'e> {
    /// A machine that keeps what it makes in `store`, which has to be a new one.
    pub fn new(store: &'e Store<'e>) -> Self {
        Self { heap: Heap::new(store), budget: Budget::default() }
    }

    /// Evaluates a member of the rule.
    #[inline(always)]
    pub fn rule(&self, json: &'e Json, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        match json {
            Json::Object(object) => match &object.call {
                Call::Read(path) => Ok(path.read(data)),
                _ => self.object(object, data),
            },
            Json::List(items) if !items.constant => self.list(List::Rule(items), data),
            _ => Ok(Val::of_rule(json)),
        }
    }

    /// Evaluates any value.
    #[inline]
    pub fn value(&self, code: Val<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        match code {
            Val::Map(map) => self.map(map, data),
            Val::List(List::Rule(items)) if items.constant => Ok(code),
            Val::List(list) => self.list(list, data),
            Val::GoZero => Err(Fault::Argument(None)),
            _ => Ok(code),
        }
    }

    /// Evaluates a map: the operator that its one member names; other maps are themselves.
    #[inline]
    pub fn map(&self, map: Map<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        match map {
            Map::Rule(object) => self.object(object, data),
            _ => self.made_or_context(map, data),
        }
    }

    fn made_or_context(&self, map: Map<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        self.budget.step(1)?;
        match map.only() {
            None => Ok(Val::Map(map)),
            Some((name, arguments)) => match Operator::new(name) {
                Some(operator) => self.operate(operator, arguments, data),
                None => Err(Fault::UnknownOperator),
            },
        }
    }

    fn object(&self, object: &'e Object, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        let argument = || object.argument().unwrap_or(&Json::Null);
        match &object.call {
            Call::Read(path) => Ok(path.read(data)),
            Call::ReadOr(path) => {
                let default = match argument() {
                    Json::List(items) => items.get(1),
                    _ => None,
                };
                let default = self.rule(default.unwrap_or(&Json::Null), data)?;
                let value = if data.is_null() { Val::Null } else { path.read(data) };
                Ok(if value.is_null() { default } else { value })
            }
            Call::Operator(operator) => self.operate(*operator, Val::of_rule(argument()), data),
            Call::Nothing => Ok(Val::Map(Map::Rule(object))),
            Call::Unknown => Err(Fault::UnknownOperator),
        }
    }

    fn list(&self, list: List<'e>, data: &Val<'e>) -> Result<Val<'e>, Fault> {
        self.budget.deeper(|| {
            self.budget.step(list.len())?;
            let items: Result<Vec<_>, _> = list.iter().map(|item| self.value(item, data)).collect();
            self.make_list(items?)
        })
    }

    /// Evaluates an operator's arguments and passes them to `each` one by one, where they are a list.
    #[inline]
    pub fn arguments(
        &self,
        arguments: Val<'e>,
        data: &Val<'e>,
        mut each: impl FnMut(usize, Val<'e>) -> Result<(), Fault>,
    ) -> Result<Given<'e>, Fault> {
        if let Val::List(List::Rule(items)) = arguments {
            for (index, json) in items.iter().enumerate() {
                each(index, self.rule(json, data)?)?;
            }
            return Ok(Given::List(items.len()));
        }
        // Only a list that is written as one has members to evaluate.
        let (list, evaluate) = match arguments {
            Val::List(list) => (list, true),
            _ => match self.value(arguments, data)? {
                Val::List(list) => (list, false),
                value => return Ok(Given::One(value)),
            },
        };
        self.budget.step(list.len())?;
        for (index, item) in list.iter().enumerate() {
            each(index, if evaluate { self.value(item, data)? } else { item })?;
        }
        Ok(Given::List(list.len()))
    }

    /// Evaluates all arguments and puts the first of them into `first`. Returns how many there are; none where they
    /// are one value that is no list, which is the first then.
    #[inline]
    pub fn first<const COUNT: usize>(
        &self,
        arguments: Val<'e>,
        data: &Val<'e>,
        first: &mut [Val<'e>; COUNT],
    ) -> Result<Option<usize>, Fault> {
        if let Val::List(List::Rule(items)) = arguments {
            for (place, json) in first.iter_mut().zip(items.iter()) {
                *place = self.rule(json, data)?;
            }
            for json in items.iter().skip(COUNT) {
                self.rule(json, data)?;
            }
            return Ok(Some(items.len()));
        }
        self.first_of_any(arguments, data, first)
    }

    fn first_of_any(
        &self,
        arguments: Val<'e>,
        data: &Val<'e>,
        first: &mut [Val<'e>],
    ) -> Result<Option<usize>, Fault> {
        let (list, evaluate) = match arguments {
            Val::List(list) => (list, true),
            _ => match (self.value(arguments, data)?, &mut *first) {
                (Val::List(list), _) => (list, false),
                (value, [place, ..]) => {
                    *place = value;
                    return Ok(None);
                }
                _ => return Ok(None),
            },
        };
        self.budget.step(list.len())?;
        for (index, item) in list.iter().enumerate() {
            let value = if evaluate { self.value(item, data)? } else { item };
            if let Some(place) = first.get_mut(index) {
                *place = value;
            }
        }
        Ok(Some(list.len()))
    }

    /// Keeps a list.
    pub fn make_list(&self, items: Vec<Val<'e>>) -> Result<Val<'e>, Fault> {
        self.budget.make(PLACE_BYTES + size_of_val(&*items))?;
        match self.heap.keep(Made::List(items.into())) {
            Made::List(items) => Ok(Val::List(List::Made(items))),
            _ => Ok(Val::Null),
        }
    }

    /// Keeps a map.
    pub fn make_map(&self, members: Vec<Member<'e>>) -> Result<Val<'e>, Fault> {
        self.budget.make(PLACE_BYTES + size_of_val(&*members))?;
        match self.heap.keep(Made::Map(members.into())) {
            Made::Map(members) => Ok(Val::Map(Map::Made(members))),
            _ => Ok(Val::Null),
        }
    }

    /// Keeps a text.
    pub fn make_text(&self, text: String) -> Result<&'e [u8], Fault> {
        self.budget.make(PLACE_BYTES + text.len())?;
        match self.heap.keep(Made::Text(text.into_bytes().into())) {
            Made::Text(text) => Ok(text),
            _ => Ok(&[]),
        }
    }

    /// Keeps the data of a `reduce`.
    pub fn make_reduction(&self, reduction: Reduction<'e>) -> Result<Option<&'e Reduction<'e>>, Fault> {
        self.budget.make(PLACE_BYTES)?;
        match self.heap.keep(Made::Reduction(reduction)) {
            Made::Reduction(reduction) => Ok(Some(reduction)),
            _ => Ok(None),
        }
    }

    /// The number that arithmetic and `in` take a value for.
    pub fn number(&self, value: Val<'e>) -> Result<f64, Fault> {
        match value {
            Val::Number(number) => Ok(number),
            Val::Text(text) => {
                self.budget.pass(text)?;
                Ok(number::parse(text).value)
            }
            _ => Err(Fault::Argument(None)),
        }
    }

    /// The text that `cat` and `substr` take a value for.
    pub fn text(&self, value: Val<'e>) -> Result<&'e [u8], Fault> {
        match value {
            Val::Null => Ok(&[]),
            Val::Text(text) => Ok(text),
            Val::Number(number) => {
                let mut text = String::new();
                number::write(number, &mut text);
                self.make_text(text)
            }
            _ => Err(Fault::Argument(None)),
        }
    }

    /// Whether a result can be written as JSON: with a number that is none the relay fails to.
    pub fn is_finite(&self, value: Val<'e>) -> Result<bool, Fault> {
        match value {
            Val::Number(number) => Ok(number.is_finite()),
            Val::List(List::Made(items)) => self.budget.deeper(|| {
                self.budget.step(items.len())?;
                self.all_finite(items.iter().copied())
            }),
            Val::Map(map @ (Map::Made(_) | Map::Reduction(_))) => self.budget.deeper(|| {
                let members = map.members();
                self.budget.step(members.len())?;
                self.all_finite(members.into_iter().map(|(_, value)| value))
            }),
            _ => Ok(true),
        }
    }

    fn all_finite(&self, values: impl Iterator<Item = Val<'e>>) -> Result<bool, Fault> {
        for value in values {
            if !self.is_finite(value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What a place of the heap takes beside its content.
const PLACE_BYTES: usize = 128;

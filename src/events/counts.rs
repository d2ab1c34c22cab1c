//! How often flags were evaluated, where nothing else is reported of evaluations.

use crate::engine::UnitKey;

/// Numbers of evaluations by the places of units: adding one is adding to a number.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// By place: the unit's identity, and the number, which is zero where there is none.
    numbers: Vec<(u64, u64)>,
    /// Places whose number is not zero.
    counted: Vec<u32>,
}

impl Counts {
    /// Units that have a number.
    pub(super) fn len(&self) -> usize {
        self.counted.len()
    }

    /// Counts an evaluation. Whether it is the unit's first; and the number of the unit that had the place before, if it has one.
    #[inline]
    pub(super) fn add(&mut self, unit: UnitKey) -> (bool, Option<(UnitKey, u64)>) {
        let place = unit.place as usize;
        if place >= self.numbers.len() {
            self.numbers.resize(place + 1, (0, 0));
        }
        let Some((identity, number)) = self.numbers.get_mut(place) else { return (false, None) };
        if *number == 0 {
            self.counted.push(unit.place);
            (*identity, *number) = (unit.identity, 1);
            return (true, None);
        }
        if *identity == unit.identity {
            *number += 1;
            return (false, None);
        }
        let before = (UnitKey { place: unit.place, identity: *identity }, *number);
        (*identity, *number) = (unit.identity, 1);
        (true, Some(before))
    }

    /// Takes all numbers.
    pub(super) fn take(&mut self) -> Vec<(UnitKey, u64)> {
        let Self { numbers, counted } = self;
        let number = |place: u32| {
            let (identity, number) = numbers.get_mut(place as usize)?;
            Some((UnitKey { place, identity: *identity }, std::mem::take(number)))
        };
        counted.drain(..).filter_map(number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluations_are_counted_by_unit() {
        let unit = |place, identity| UnitKey { place, identity };
        let mut counts = Counts::default();
        assert_eq!(counts.add(unit(3, 1)), (true, None));
        assert_eq!(counts.add(unit(3, 1)), (false, None));
        assert_eq!(counts.add(unit(0, 2)), (true, None));
        // Another unit has got the place.
        assert_eq!(counts.add(unit(3, 9)), (true, Some((unit(3, 1), 2))));
        assert_eq!(counts.len(), 2);
        assert_eq!(counts.take(), [(unit(3, 9), 1), (unit(0, 2), 1)]);
        assert_eq!((counts.len(), counts.take().len()), (0, 0));
        assert_eq!(counts.add(unit(3, 1)), (true, None));
    }
}

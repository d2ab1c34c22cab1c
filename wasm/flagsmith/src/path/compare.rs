//! Python's `==` and `<`, as the library uses them.

use std::cmp::Ordering;

use super::evaluate::Operand;
use super::tree::{Kind, Tree};

/// `==`. No value and no node are the same; a boolean is no number here, though it is one inside of lists and maps.
pub fn equal<T: Tree>(left: &Operand<'_, T>, right: &Operand<'_, T>) -> bool {
    match (left.kind(), right.kind()) {
        (None, None) => true,
        (Some(Kind::Bool(left)), Some(Kind::Bool(right))) => left == right,
        (Some(Kind::Bool(_)), _) | (_, Some(Kind::Bool(_))) => false,
        (Some(Kind::List(_) | Kind::Map(_)), Some(Kind::List(_) | Kind::Map(_))) => {
            left.item().zip(right.item()).is_some_and(|(left, right)| deeply_equal(left, right))
        }
        (Some(left), Some(right)) => scalars_equal(left, right),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// `<`, of texts by their characters and of numbers, of which a boolean is one.
pub fn less<T: Tree>(left: &Operand<'_, T>, right: &Operand<'_, T>) -> bool {
    match (left.kind(), right.kind()) {
        (Some(Kind::Text(left)), Some(Kind::Text(right))) => left < right,
        (Some(left), Some(right)) => order(left, right) == Some(Ordering::Less),
        _ => false,
    }
}

fn scalars_equal(left: Kind<'_>, right: Kind<'_>) -> bool {
    match (left, right) {
        (Kind::Null, Kind::Null) => true,
        (Kind::Text(left), Kind::Text(right)) => left == right,
        _ => order(left, right) == Some(Ordering::Equal),
    }
}

/// Whether two values are equal, however deep they are. Two NaN are not, even if they are one object, which Python takes
/// for equal to itself inside of lists and maps.
fn deeply_equal<T: Tree>(left: &T, right: &T) -> bool {
    let mut pairs = vec![(left.clone(), right.clone())];
    while let Some((left, right)) = pairs.pop() {
        let is_equal = match (left.kind(), right.kind()) {
            (Kind::List(length), Kind::List(other)) => {
                length == other
                    && (0..length).all(|index| {
                        let pair = left.item(index).zip(right.item(index));
                        pair.map(|pair| pairs.push(pair)).is_some()
                    })
            }
            (Kind::Map(length), Kind::Map(other)) => {
                length == other && {
                    let (mine, theirs) = (by_name(&left, length), by_name(&right, length));
                    mine.iter().zip(&theirs).all(|((name, index), (other, place))| {
                        let pair = left.item(*index).zip(right.item(*place)).filter(|_| name == other);
                        pair.map(|pair| pairs.push(pair)).is_some()
                    })
                }
            }
            (left, right) => scalars_equal(left, right),
        };
        if !is_equal {
            return false;
        }
    }
    true
}

fn by_name<T: Tree>(map: &T, length: usize) -> Vec<(Option<&str>, usize)> {
    let mut names: Vec<_> = (0..length).map(|index| (map.name(index), index)).collect();
    names.sort_unstable();
    names
}

/// The order of two numbers, exact whatever their types and sizes.
fn order(left: Kind<'_>, right: Kind<'_>) -> Option<Ordering> {
    let integer = |kind| match kind {
        Kind::Bool(value) => Kind::Int(i64::from(value)),
        other => other,
    };
    match (integer(left), integer(right)) {
        (Kind::Int(left), Kind::Int(right)) => Some(left.cmp(&right)),
        (Kind::Float(left), Kind::Float(right)) => left.partial_cmp(&right),
        (Kind::Int(left), Kind::Float(right)) => int_and_float(left, right),
        (Kind::Float(left), Kind::Int(right)) => int_and_float(right, left).map(Ordering::reverse),
        (Kind::Big(left), Kind::Big(right)) => Some(digits(left, right)),
        (Kind::Big(left), Kind::Int(_)) => Some(of_sign(left)),
        (Kind::Int(_), Kind::Big(right)) => Some(of_sign(right).reverse()),
        (Kind::Big(left), Kind::Float(right)) => big_and_float(left, right),
        (Kind::Float(left), Kind::Big(right)) => big_and_float(right, left).map(Ordering::reverse),
        _ => None,
    }
}

fn int_and_float(int: i64, float: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= BEYOND {
        Some(Ordering::Less)
    } else if float < -BEYOND {
        Some(Ordering::Greater)
    } else {
        let whole = int.cmp(&(float.trunc() as i64));
        Some(whole.then_with(|| 0.0_f64.total_cmp(&(float.fract() + 0.0))))
    }
}

/// A big integer beside a float: where the float is as large it has no fraction, and prints all its digits.
fn big_and_float(big: &str, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        None
    } else if float.is_infinite() {
        Some(if float > 0.0 { Ordering::Less } else { Ordering::Greater })
    } else if float.abs() < 9e18 {
        Some(of_sign(big))
    } else {
        Some(digits(big, &format!("{float:.0}")))
    }
}

/// How a big integer stands to any small one.
fn of_sign(big: &str) -> Ordering {
    if big.starts_with('-') { Ordering::Less } else { Ordering::Greater }
}

fn digits(left: &str, right: &str) -> Ordering {
    match (left.strip_prefix('-'), right.strip_prefix('-')) {
        (None, None) => magnitudes(left, right),
        (Some(left), Some(right)) => magnitudes(right, left),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
    }
}

fn magnitudes(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

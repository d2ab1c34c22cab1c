//! The general categories of Unicode, from tables that build.rs writes.

include!(concat!(env!("OUT_DIR"), "/categories.rs"));

/// The ranges of a category, such as `Lu`, or of a group of them, such as `L`; empty where there is none of this name.
pub fn ranges(name: &str) -> impl Iterator<Item = (char, char)> {
    let of_name = move |(category, _): &&(&str, _)| {
        *category == name || (name.len() == 1 && category.starts_with(name))
    };
    CATEGORIES.iter().filter(of_name).flat_map(|(_, ranges)| ranges.iter().copied())
}

/// Where the range of a category begins in which a character stands; none where it is not of the category.
pub fn range_with(name: &str, c: char) -> Option<char> {
    ranges(name).find(|(first, last)| (*first..=*last).contains(&c)).map(|(first, _)| first)
}

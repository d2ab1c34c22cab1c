//! What Python makes of values and texts: `str`, `repr`, `int`, `float`.

mod number;
mod text;

pub use number::{float, int};
pub use text::{float_text, json_text, value_text};

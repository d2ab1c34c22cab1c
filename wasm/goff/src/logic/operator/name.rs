//! Which operators there are.

use std::fmt;

macro_rules! operators {
    ($($operator:ident $name:literal),* $(,)?) => {
        /// An operator that GO Feature Flag has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Operator {
            $(#[doc = concat!("`", $name, "`")] $operator,)*
        }

        impl Operator {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$operator),*];

            /// The operator of this name.
            pub fn new(name: &[u8]) -> Option<Self> {
                match std::str::from_utf8(name).ok()? {
                    $($name => Some(Self::$operator),)*
                    _ => None,
                }
            }

            /// Its name in a rule.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$operator => $name,)*
                }
            }
        }
    };
}

operators! {
    And "and", Or "or", If "if", Choose "?:", Not "!", Truth "!!",
    Equal "==", NotEqual "!=", Same "===", NotSame "!==",
    Less "<", LessOrEqual "<=", Greater ">", GreaterOrEqual ">=",
    Var "var", Missing "missing", MissingSome "missing_some",
    In "in", ContainsAll "contains_all", ContainsAny "contains_any", ContainsNone "contains_none",
    Map "map", Filter "filter", Reduce "reduce", All "all", None "none", Some "some",
    Merge "merge", Set "set", Cat "cat", Substr "substr",
    Add "+", Subtract "-", Multiply "*", Divide "/", Remainder "%", Max "max", Min "min", Abs "abs",
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

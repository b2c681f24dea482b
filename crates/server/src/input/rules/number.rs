//! Whole numbers, decimals, truth values.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::{super::Spot, Rule};

/// A whole number within bounds.
#[derive(Debug, Clone)]
pub struct Integer(RangeInclusive<i64>);

/// A whole number; `10.0` counts as one, `"10"` only in a query.
#[must_use]
pub fn integer(range: RangeInclusive<i64>) -> Integer {
    Integer(range)
}

impl Rule for Integer {
    type Value = i64;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<i64> {
        let number = match value {
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => whole,
                // Beyond 64 bits: out of every range there is, on the side its sign says.
                (None, Some(float)) if float.fract() == 0.0 => float as i64,
                _ => {
                    let msg = "Input should be a valid integer, got a number with a fractional part";
                    spot.fault("int_from_float", msg);
                    return None;
                }
            },
            Value::String(text) => {
                let whole = if spot.is_textual() { text.trim().parse().ok() } else { None };
                if whole.is_none() {
                    let msg = "Input should be a valid integer, unable to parse string as an integer";
                    spot.fault("int_parsing", msg);
                }
                whole?
            }
            _ => {
                spot.fault("int_type", "Input should be a valid integer");
                return None;
            }
        };
        let (low, high) = (*self.0.start(), *self.0.end());
        within(number, &low, &high, spot).then_some(number)
    }
}

/// A decimal number within bounds.
#[derive(Debug, Clone)]
pub struct Number(RangeInclusive<f64>);

/// A decimal number.
#[must_use]
pub fn number(range: RangeInclusive<f64>) -> Number {
    Number(range)
}

impl Rule for Number {
    type Value = f64;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<f64> {
        let number = match value {
            Value::Number(number) => number.as_f64().filter(|number| number.is_finite()),
            Value::String(text) if spot.is_textual() => {
                text.trim().parse().ok().filter(|number: &f64| number.is_finite())
            }
            Value::String(_) => None,
            _ => {
                spot.fault("float_type", "Input should be a valid number");
                return None;
            }
        };
        let Some(number) = number else {
            let msg = "Input should be a valid number, unable to parse string as a number";
            spot.fault("float_parsing", msg);
            return None;
        };
        within(number, self.0.start(), self.0.end(), spot).then_some(number)
    }
}

fn within<N: PartialOrd + std::fmt::Display>(number: N, low: &N, high: &N, spot: &mut Spot<'_>) -> bool {
    if number < *low {
        spot.fault("greater_than_equal", format!("Input should be greater than or equal to {low}"));
        false
    } else if number > *high {
        spot.fault("less_than_equal", format!("Input should be less than or equal to {high}"));
        false
    } else {
        true
    }
}

/// A truth value.
#[derive(Debug, Clone, Copy)]
pub struct Flag;

/// `true` or `false`; in a query also `1`, `0`, `yes`, `no`, `on`, `off`.
#[must_use]
pub fn flag() -> Flag {
    Flag
}

impl Rule for Flag {
    type Value = bool;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<bool> {
        let truth = match value {
            Value::Bool(truth) => Some(*truth),
            Value::String(text) if spot.is_textual() => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(true),
                "false" | "0" | "no" | "off" => Some(false),
                _ => None,
            },
            Value::String(_) => None,
            _ => {
                spot.fault("bool_type", "Input should be a valid boolean");
                return None;
            }
        };
        if truth.is_none() {
            spot.fault("bool_parsing", "Input should be a valid boolean, unable to interpret input");
        }
        truth
    }
}

//! Lists, objects, maps and moments.

use std::{collections::BTreeMap, ops::RangeInclusive};

use offhook_model::Timestamp;
use serde_json::{Map, Value};

use super::{
    super::{Fields, Read, Spot},
    Rule,
    text::string,
};

/// A list whose every element follows one rule.
#[derive(Debug, Clone)]
pub struct List<R> {
    each: R,
    count: RangeInclusive<usize>,
}

/// Between so many elements, each following `each`.
pub fn list<R: Rule>(each: R, count: RangeInclusive<usize>) -> List<R> {
    List { each, count }
}

impl<R: Rule> Rule for List<R> {
    type Value = Vec<R::Value>;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<Self::Value> {
        let Some(array) = value.as_array() else {
            spot.fault("list_type", "Input should be a valid list");
            return None;
        };
        let (min, max, found) = (*self.count.start(), *self.count.end(), array.len());
        if found < min {
            let msg = format!("List should have at least {min} items after validation, not {found}");
            spot.fault("too_short", msg);
            return None;
        }
        if found > max {
            let msg = format!("List should have at most {max} items after validation, not {found}");
            spot.fault("too_long", msg);
            return None;
        }
        let read: Vec<_> =
            array.iter().enumerate().map(|(at, item)| self.each.check(item, &mut spot.inside(at))).collect();
        read.into_iter().collect()
    }
}

/// An object with a shape of its own.
#[derive(Debug, Clone, Copy)]
pub struct Object<T>(std::marker::PhantomData<T>);

/// An object that reads itself as `T`.
#[must_use]
pub fn object<T: Read>() -> Object<T> {
    Object(std::marker::PhantomData)
}

impl<T: Read> Rule for Object<T> {
    type Value = T;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<T> {
        let Some(object) = value.as_object() else {
            spot.fault("model_attributes_type", "Input should be a valid dictionary");
            return None;
        };
        T::read(&mut Fields::new(object, spot.here()))
    }
}

/// An object of any shape.
#[derive(Debug, Clone, Copy)]
pub struct AnyObject;

/// An object of any shape, kept as it is.
#[must_use]
pub fn any_object() -> AnyObject {
    AnyObject
}

impl Rule for AnyObject {
    type Value = Map<String, Value>;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<Self::Value> {
        let object = value.as_object();
        if object.is_none() {
            spot.fault("dict_type", "Input should be a valid dictionary");
        }
        object.cloned()
    }
}

/// An object whose values are all text.
#[derive(Debug, Clone, Copy)]
pub struct StringMap {
    null_is_empty: bool,
}

/// An object whose values are all text.
#[must_use]
pub fn string_map() -> StringMap {
    StringMap { null_is_empty: false }
}

impl StringMap {
    /// Takes a null value as the empty string.
    #[must_use]
    pub fn null_is_empty(mut self) -> Self {
        self.null_is_empty = true;
        self
    }
}

impl Rule for StringMap {
    type Value = BTreeMap<String, String>;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<Self::Value> {
        let object = AnyObject.check(value, spot)?;
        let mut map = Some(BTreeMap::new());
        for (key, value) in object {
            let text = match &value {
                Value::Null if self.null_is_empty => Some(""),
                other => string(other, &mut spot.inside(key.as_str())),
            };
            map = match (map, text) {
                (Some(mut map), Some(text)) => {
                    map.insert(key, text.to_owned());
                    Some(map)
                }
                _ => None,
            };
        }
        map
    }
}

/// A moment.
#[derive(Debug, Clone, Copy)]
pub struct Instant;

/// A moment as RFC 3339 writes it, with its offset.
#[must_use]
pub fn instant() -> Instant {
    Instant
}

impl Rule for Instant {
    type Value = Timestamp;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<Timestamp> {
        let moment = string(value, spot)?.trim().parse::<Timestamp>().ok();
        // As the database keeps it: what a client is told first is what it reads later.
        let moment = moment.and_then(|moment| Timestamp::from_millisecond(moment.as_millisecond()).ok());
        if moment.is_none() {
            spot.fault("datetime_parsing", "Input should be a valid datetime, e.g. 2025-01-15T10:30:00Z");
        }
        moment
    }
}

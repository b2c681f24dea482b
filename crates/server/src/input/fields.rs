//! The fields of one JSON object or query, and where they are.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Patch, Read, Rule};
use crate::error::{ApiError, Fault, LocPart};

/// Where a value stands, and where its faults go.
#[derive(Debug)]
pub struct Spot<'a> {
    loc: Vec<LocPart>,
    faults: &'a mut Vec<Fault>,
    /// Values are text (a query): numbers and booleans are read from it.
    textual: bool,
}

impl Spot<'_> {
    /// Notes a fault here.
    pub fn fault(&mut self, kind: &'static str, msg: impl Into<Cow<'static, str>>) {
        self.faults.push(Fault::new(self.loc.clone(), kind, msg));
    }

    /// The spot of an element or field inside this one.
    pub fn inside(&mut self, part: impl Into<LocPart>) -> Spot<'_> {
        let mut loc = self.loc.clone();
        loc.push(part.into());
        Spot { loc, faults: self.faults, textual: self.textual }
    }

    /// The same spot, lent to an object's fields.
    pub fn here(&mut self) -> Spot<'_> {
        Spot { loc: self.loc.clone(), faults: self.faults, textual: self.textual }
    }

    /// Whether values are text, as in a query.
    #[must_use]
    pub fn is_textual(&self) -> bool {
        self.textual
    }
}

/// The fields of one object. Names are given as documented; the other casing
/// is accepted too, and the documented one wins (contract §0.4).
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    spot: Spot<'a>,
}

impl<'a> Fields<'a> {
    /// The fields of `object`, which stands at `spot`.
    pub fn new(object: &'a Map<String, Value>, spot: Spot<'a>) -> Self {
        Self { object, spot }
    }

    /// Reads a whole request; `place` is `body` or `query`.
    ///
    /// # Errors
    /// A 422 with every fault found.
    pub fn read_all<T: Read>(
        object: &Map<String, Value>,
        place: &'static str,
        textual: bool,
    ) -> Result<T, ApiError> {
        let mut faults = Vec::new();
        let spot = Spot { loc: vec![place.into()], faults: &mut faults, textual };
        let value = T::read(&mut Fields::new(object, spot));
        match value {
            Some(value) if faults.is_empty() => Ok(value),
            _ if faults.is_empty() => Err(ApiError::validation(vec![Fault::new(
                vec![place.into()],
                "value_error",
                "The request could not be read",
            )])),
            _ => Err(ApiError::validation(faults)),
        }
    }

    /// A field that must be there and not null.
    pub fn required<R: Rule>(&mut self, name: &str, rule: R) -> Option<R::Value> {
        match self.find(name) {
            None => {
                self.spot.inside(name).fault("missing", "Field required");
                None
            }
            Some(value) => rule.check(value, &mut self.spot.inside(name)),
        }
    }

    /// A field that may be absent; null is the same as absent.
    pub fn optional<R: Rule>(&mut self, name: &str, rule: R) -> Option<R::Value> {
        match self.find(name) {
            None | Some(Value::Null) => None,
            Some(value) => rule.check(value, &mut self.spot.inside(name)),
        }
    }

    /// A field of a PATCH: absent, null and set are three things.
    pub fn patch<R: Rule>(&mut self, name: &str, rule: R) -> Patch<R::Value> {
        match self.find(name) {
            None => Patch::Keep,
            Some(Value::Null) => Patch::Reset,
            Some(value) => match rule.check(value, &mut self.spot.inside(name)) {
                Some(value) => Patch::Set(value),
                None => Patch::Keep,
            },
        }
    }

    /// Notes a fault of this field, for rules between fields.
    pub fn fault(&mut self, name: &str, kind: &'static str, msg: impl Into<Cow<'static, str>>) {
        self.spot.inside(name).fault(kind, msg);
    }

    /// Whether anything read so far was at fault: rules between fields would
    /// only repeat it.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        !self.spot.faults.is_empty()
    }

    fn find(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).or_else(|| self.object.get(other_casing(name)?.as_str()))
    }
}

/// `voiceMode` for `voice_mode` and the other way round; none when they are the same.
fn other_casing(name: &str) -> Option<String> {
    let mut other = String::with_capacity(name.len() + 4);
    if name.contains('_') {
        let mut upper = false;
        for c in name.chars() {
            match c {
                '_' => upper = true,
                c if upper => {
                    other.extend(c.to_uppercase());
                    upper = false;
                }
                c => other.push(c),
            }
        }
    } else {
        for c in name.chars() {
            if c.is_uppercase() {
                other.push('_');
            }
            other.extend(c.to_lowercase());
        }
    }
    (other != name).then_some(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casings_translate_both_ways() {
        assert_eq!(other_casing("maxSilenceMs").as_deref(), Some("max_silence_ms"));
        assert_eq!(other_casing("message_limit").as_deref(), Some("messageLimit"));
        assert_eq!(other_casing("limit"), None);
    }
}

//! One thing wrong with a request, as pydantic v2 words it.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

/// A step of `loc`: a name, or a position in an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum LocPart {
    /// `body`, `query`, `path`, `header`, or a field's name.
    Name(Cow<'static, str>),
    /// Position in an array.
    Index(usize),
}

impl From<&str> for LocPart {
    fn from(name: &str) -> Self {
        Self::Name(Cow::Owned(name.to_owned()))
    }
}

impl From<usize> for LocPart {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// One element of a 422's `detail`.
///
/// The offending input is not echoed: it may be a secret, or a megabyte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where: `["body", "customTools", 0, "url"]`.
    pub loc: Vec<LocPart>,
    /// What is wrong, for people.
    pub msg: Cow<'static, str>,
    /// What is wrong, for programs: pydantic's word.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

impl Fault {
    /// A fault at `loc`.
    pub fn new(loc: Vec<LocPart>, kind: &'static str, msg: impl Into<Cow<'static, str>>) -> Self {
        Self { loc, msg: msg.into(), kind }
    }

    /// The same fault as `error.details` shows it: the field without its `body`.
    pub(super) fn detail(&self) -> Value {
        let skip = usize::from(self.loc.len() > 1);
        let parts: Vec<String> = self.loc[skip..]
            .iter()
            .map(|part| match part {
                LocPart::Name(name) => name.clone().into_owned(),
                LocPart::Index(index) => index.to_string(),
            })
            .collect();
        json!({"field": parts.join("."), "message": self.msg, "type": self.kind})
    }
}

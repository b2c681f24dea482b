//! `buttons`, `list`, `cta`, `template`: WhatsApp's rich content
//! (contract §6.1, `messaging-behaviour.md` §6).

use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    input::{Fields, Read, Rule, Spot, rules},
    messaging::whatsapp::Content,
};

/// Longest label of a button or link.
const LABEL_CHARS: usize = 20;
/// Most rows of a menu.
const ROWS: usize = 10;

/// A link behind a label.
#[derive(Debug, ToSchema)]
pub(crate) struct Cta {
    /// The label.
    #[schema(max_length = 20)]
    display_text: String,
    /// Where it leads, https.
    url: String,
}

impl Read for Cta {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let display_text = fields.required("display_text", label());
        let url = fields.required("url", rules::text().chars(1..=2048).matching("^https://", is_https));
        Some(Self { display_text: display_text?, url: url? })
    }
}

/// A template and what its placeholders become.
#[derive(Debug, ToSchema)]
pub(crate) struct Template {
    /// Its name.
    name: String,
    /// Its language; default `en_US`.
    language: Option<String>,
    /// An array, or an object by name.
    variables: Option<Value>,
}

impl Read for Template {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", rules::text().trimmed().chars(1..=512));
        let language = fields.optional("language", rules::text().trimmed().chars(1..=20));
        let variables = fields.optional("variables", Variables);
        Some(Self { name: name?, language, variables })
    }
}

/// A menu of at most ten rows: `{button, sections: [{title, rows}]}` or
/// `{button, rows}`.
#[derive(Debug, ToSchema)]
#[schema(value_type = Object)]
pub(crate) struct Menu(Map<String, Value>);

#[derive(Debug, Clone, Copy)]
pub(crate) struct MenuRule;

impl Rule for MenuRule {
    type Value = Menu;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<Menu> {
        let menu = rules::any_object().check(value, spot)?;
        let button = menu.get("button").filter(|button| !button.is_null());
        let fine = button.is_none_or(|button| label().check(button, &mut spot.inside("button")).is_some());
        let rows = match (menu.get("sections"), menu.get("rows")) {
            (Some(Value::Array(sections)), _) => sections
                .iter()
                .flat_map(|section| section.get("rows").and_then(Value::as_array))
                .flatten()
                .collect(),
            (_, Some(Value::Array(rows))) => rows.iter().collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        if rows.is_empty() {
            spot.inside("rows")
                .fault("too_short", "List should have at least 1 item after validation, not 0");
            return None;
        }
        if rows.len() > ROWS {
            let found = rows.len();
            let msg = format!("List should have at most {ROWS} items after validation, not {found}");
            spot.inside("rows").fault("too_long", msg);
            return None;
        }
        let titled = |row: &&Value| {
            row.get("title").and_then(Value::as_str).is_some_and(|title| !title.trim().is_empty())
        };
        if !rows.iter().all(titled) {
            spot.inside("rows").fault("value_error", "Value error, every row needs a title");
            return None;
        }
        fine.then_some(Menu(menu))
    }
}

/// An array or an object.
struct Variables;

impl Rule for Variables {
    type Value = Value;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<Value> {
        if value.is_array() || value.is_object() {
            return Some(value.clone());
        }
        spot.fault("value_error", "Value error, expected an array or an object");
        None
    }
}

/// What was given of it; at most one.
#[derive(Debug)]
pub(crate) struct Rich {
    /// Labels of buttons.
    pub(crate) buttons: Option<Vec<String>>,
    /// A menu.
    pub(crate) list: Option<Menu>,
    /// A link.
    pub(crate) cta: Option<Cta>,
    /// A template.
    pub(crate) template: Option<Template>,
}

impl Rich {
    /// Reads all four; several are a fault.
    pub(crate) fn read(fields: &mut Fields<'_>) -> Self {
        let rich = Self {
            buttons: fields.optional("buttons", rules::list(label(), 1..=3)),
            list: fields.optional("list", MenuRule),
            cta: fields.optional("cta", rules::object()),
            template: fields.optional("template", rules::object()),
        };
        let mut names = rich.names();
        if let (Some(first), Some(second)) = (names.next(), names.next()) {
            let msg = format!("Value error, {first} and {second} exclude each other");
            fields.fault(second, "value_error", msg);
        }
        drop(names);
        rich
    }

    /// The names of what was given.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let given = [
            (self.buttons.is_some(), "buttons"),
            (self.list.is_some(), "list"),
            (self.cta.is_some(), "cta"),
            (self.template.is_some(), "template"),
        ];
        given.into_iter().filter_map(|(is_given, name)| is_given.then_some(name))
    }

    /// As messages carry it.
    pub(crate) fn content(self) -> Option<Content> {
        if let Some(labels) = self.buttons {
            return Some(Content::Buttons(labels));
        }
        if let Some(Menu(menu)) = self.list {
            return Some(Content::List(menu));
        }
        if let Some(Cta { display_text, url }) = self.cta {
            return Some(Content::Cta { display_text, url });
        }
        let Template { name, language, variables } = self.template?;
        let language = language.unwrap_or_else(|| "en_US".to_owned());
        Some(Content::Template { name, language, variables })
    }
}

fn label() -> rules::Text {
    rules::text().trimmed().chars(1..=LABEL_CHARS)
}

fn is_https(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host())
}

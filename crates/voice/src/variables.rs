//! `{{variables}}` of a call (contract `voice-behaviour.md` §10).

/// Replaces every `{{name}}` in `text` by the value `lookup` knows.
///
/// Spaces inside the braces are allowed. Unknown names stay as they are
/// written, and values are not searched again.
#[must_use]
pub fn substitute<'v>(text: &str, lookup: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        // `{{{name}}}`: the innermost pair of braces is the variable's.
        let open = open + rest[open + 2..].bytes().take_while(|&b| b == b'{').count();
        let inner = &rest[open + 2..];
        let Some(close) = inner.find("}}") else { break };
        let value = (!inner[..close].contains('{')).then(|| lookup(inner[..close].trim())).flatten();
        if let Some(value) = value {
            out.push_str(&rest[..open]);
            out.push_str(value);
            rest = &inner[close + 2..];
        } else {
            // Only the braces are passed, so that a later pair can still match.
            out.push_str(&rest[..open + 2]);
            rest = inner;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_ada(text: &str) -> String {
        substitute(text, |name| match name {
            "name" => Some("Ada"),
            "greeting" => Some("Hi {{name}}"),
            "empty" => Some(""),
            _ => None,
        })
    }

    #[test]
    fn names_are_replaced_with_or_without_spaces() {
        assert_eq!(with_ada("Hello {{name}}, {{ name }}!"), "Hello Ada, Ada!");
        assert_eq!(with_ada("<{{empty}}>"), "<>");
    }

    #[test]
    fn unknown_names_stay_and_values_are_not_searched_again() {
        assert_eq!(with_ada("{{who}} {{greeting}}"), "{{who}} Hi {{name}}");
    }

    #[test]
    fn broken_braces_are_left_alone() {
        for text in ["{{", "}}", "{{name", "{name}", "{{}}", "a {{ b", "{{who {{", "é{{ü}}"] {
            assert_eq!(with_ada(text), text);
        }
        assert_eq!(with_ada("{{{name}}}"), "{Ada}");
        assert_eq!(with_ada("{{who {{name}}"), "{{who Ada");
    }
}

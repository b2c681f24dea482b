//! Patterns of `LIKE … ESCAPE '!'`.

/// A pattern for text that contains `part`, in lower case.
pub(crate) fn contains(part: &str) -> String {
    let mut pattern = String::from("%");
    for c in part.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

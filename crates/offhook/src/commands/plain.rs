//! What tenants wrote, fit for the operator's terminal.

/// One line without control characters: a terminal obeys some of them.
pub fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_terminal_gets_no_orders() {
        assert_eq!(super::line("a\u{1b}[2Jb\r\nc\u{9b}m é"), "a [2Jb  c m é");
    }
}

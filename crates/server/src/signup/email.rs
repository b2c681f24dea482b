//! E-mail addresses of people who sign up.

/// Whether the mailbox is one of those that are thrown away. A short list
/// keeps out the careless, not the determined.
pub(super) fn is_disposable(email: &str, domains: &[String]) -> bool {
    let Some((_, domain)) = email.rsplit_once('@') else { return false };
    domains.iter().any(|listed| {
        domain.strip_suffix(listed.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// What comes before the `@`, without a `+tag`.
pub(super) fn owner(email: &str) -> &str {
    let local = email.split('@').next().unwrap_or(email);
    local.split('+').next().filter(|name| !name.is_empty()).unwrap_or(local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subdomains_of_listed_domains_count_and_lookalikes_do_not() {
        let listed = ["mailinator.com".to_owned()];
        for email in ["a@mailinator.com", "a@x.mailinator.com"] {
            assert!(is_disposable(email, &listed), "{email}");
        }
        for email in ["a@notmailinator.com", "a@mailinator.com.example.org", "mailinator.com@example.org"] {
            assert!(!is_disposable(email, &listed), "{email}");
        }
    }

    #[test]
    fn the_owner_is_the_first_part() {
        assert_eq!(owner("ada+test@example.com"), "ada");
        assert_eq!(owner("+x@example.com"), "+x");
    }
}

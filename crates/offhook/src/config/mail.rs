//! `[mail]` and `[signup]`.

use std::path::{Path, PathBuf};

use offhook_model::usage::parse_amount;

use super::reader::Reader;

/// How mail leaves; at most one of the ways is set, and none is the log.
#[derive(Debug, Clone)]
pub struct Mail {
    pub smtp: Option<Smtp>,
    pub directory: Option<PathBuf>,
    pub from: String,
}

/// A mail server.
#[derive(Clone)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    /// `implicit`, `starttls` or `none`.
    pub tls: String,
    pub credentials: Option<(String, String)>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
pub struct Signup {
    pub enabled: bool,
    pub disposable_domains: Vec<String>,
    /// In millionths of the currency.
    pub credit_micros: i64,
}

pub fn read(r: &mut Reader<'_>, data_dir: &Path) -> Mail {
    let transport = r.word("mail.transport", &["file", "smtp", "log"]);
    let from = r.text("mail.from");
    if !from.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty()) {
        r.fault("mail.from", format!("`{from}` is not an e-mail address"));
    }
    let smtp = smtp(r);
    if transport == "smtp" && smtp.host.is_empty() {
        r.fault("mail.host", "mail.transport is smtp, which needs the server's name");
    }
    Mail {
        smtp: (transport == "smtp").then_some(smtp),
        directory: (transport == "file").then(|| data_dir.join("mail")),
        from,
    }
}

fn smtp(r: &mut Reader<'_>) -> Smtp {
    let tls = r.word("mail.tls", &["implicit", "starttls", "none"]);
    let port = match u16::try_from(r.number("mail.port", 0..=65_535)) {
        Ok(port) if port > 0 => port,
        _ => match tls.as_str() {
            "implicit" => 465,
            "none" => 25,
            _ => 587,
        },
    };
    let password = r.text("mail.password");
    Smtp {
        host: r.text("mail.host"),
        port,
        tls,
        credentials: r.optional("mail.username").map(|user| (user, password)),
    }
}

/// `is_alone`: nobody but the operator reaches this server.
pub fn signup(r: &mut Reader<'_>, is_alone: bool) -> Signup {
    let enabled = r.word("signup.enabled", &["auto", "on", "off", "true", "false"]);
    let domains = r.texts("signup.disposable_domains");
    let credit = r.text("signup.credit");
    let credit_micros = parse_amount(&credit).filter(|micros| *micros >= 0);
    if credit_micros.is_none() {
        r.fault("signup.credit", format!("`{credit}` is not an amount such as 5 or 2.50"));
    }
    Signup {
        enabled: matches!(enabled.as_str(), "on" | "true") || (enabled == "auto" && is_alone),
        credit_micros: credit_micros.unwrap_or(0),
        disposable_domains: domains.into_iter().map(|domain| domain.to_lowercase()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Fault};

    fn load(pairs: &[(&str, &str)]) -> Result<Config, Vec<Fault>> {
        let pairs = pairs.iter().map(|(key, value)| (format!("OFFHOOK__{key}"), (*value).to_owned()));
        Config::from_layers(None, pairs)
    }

    #[test]
    fn strangers_sign_up_only_where_nobody_else_is() {
        assert!(load(&[]).unwrap().signup.enabled);
        for closed in [("HTTP__LISTEN", "0.0.0.0:8080"), ("SIM__ENABLED", "off"), ("SIGNUP__ENABLED", "off")]
        {
            assert!(!load(&[closed]).unwrap().signup.enabled, "{closed:?}");
        }
        let open = load(&[("HTTP__LISTEN", "0.0.0.0:8080"), ("SIGNUP__ENABLED", "on")]).unwrap();
        assert!(open.signup.enabled);
    }

    #[test]
    fn mail_goes_one_way() {
        let file = load(&[("DATA_DIR", "/tmp/offhook")]).unwrap().mail;
        assert_eq!(file.directory.as_deref(), Some(std::path::Path::new("/tmp/offhook/mail")));
        assert!(file.smtp.is_none());
        let smtp = load(&[("MAIL__TRANSPORT", "smtp"), ("MAIL__HOST", "mail.example.com")]).unwrap().mail;
        assert!(smtp.directory.is_none());
        assert_eq!(smtp.smtp.map(|smtp| smtp.port), Some(587));
        let log = load(&[("MAIL__TRANSPORT", "log")]).unwrap().mail;
        assert!(log.smtp.is_none() && log.directory.is_none());
    }

    #[test]
    fn a_mail_server_needs_a_name_and_mail_a_sender() {
        let faults = load(&[("MAIL__TRANSPORT", "smtp"), ("MAIL__FROM", "offhook")]).unwrap_err();
        let sources: Vec<_> = faults.iter().map(|fault| fault.source.as_str()).collect();
        assert_eq!(sources, ["mail.from", "mail.host"]);
    }
}

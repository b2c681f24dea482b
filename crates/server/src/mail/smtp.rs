//! Mail over SMTP (RFC 5321), with or without TLS.

use std::{fmt, time::Duration};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    address::Envelope,
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};

use super::MailError;

/// Longest wait for a step of the mail server.
const PATIENCE: Duration = Duration::from_secs(15);

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the first byte; port 465.
    Implicit,
    /// After STARTTLS, which the server must offer; port 587.
    StartTls,
    /// Not at all: for a server on this machine.
    None,
}

/// A mail server.
#[derive(Clone, PartialEq, Eq)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// User name and password, when it wants them.
    pub credentials: Option<(String, String)>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Smtp {
    /// Hands a message over. One connection per message: sign-ups are rare.
    pub(super) async fn send(&self, from: &str, to: &str, raw: &str) -> Result<(), MailError> {
        let address = |text: &str| text.parse::<Address>().map_err(MailError::Address);
        let envelope = Envelope::new(Some(address(from)?), vec![address(to)?])
            .expect("an envelope with a recipient is complete");
        let tls = match self.tls {
            SmtpTls::None => Tls::None,
            kind => {
                let parameters = TlsParameters::new(self.host.clone()).map_err(MailError::Smtp)?;
                if kind == SmtpTls::Implicit { Tls::Wrapper(parameters) } else { Tls::Required(parameters) }
            }
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let Some((user, password)) = &self.credentials {
            transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
        }
        transport.build().send_raw(&envelope, raw.as_bytes()).await.map(drop).map_err(MailError::Smtp)
    }
}

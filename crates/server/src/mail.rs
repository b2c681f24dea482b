//! Mail to people: for now, the codes of sign-ups.
//!
//! Three ways, chosen by the operator: an SMTP server, a directory, or the
//! log. The last two are for machines on which the operator is the only reader.

mod message;
mod smtp;

use std::path::{Path, PathBuf};

pub use message::Message;
pub use smtp::{Smtp, SmtpTls};

use crate::{
    app::App,
    error::{ApiError, Chain},
};

/// How mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailTransport {
    /// It is written to the log: whoever reads that, reads the codes.
    Log,
    /// Each message becomes a file of this directory, readable by its owner only.
    Files(PathBuf),
    /// A mail server takes it.
    Smtp(Smtp),
}

/// Mail as the operator set it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// How it leaves.
    pub transport: MailTransport,
    /// Who it is from, an address.
    pub from: String,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self { transport: MailTransport::Log, from: "offhook@localhost".to_owned() }
    }
}

/// Mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The mail server refused, or was not there.
    #[error("the mail server did not take the message")]
    Smtp(#[source] lettre::transport::smtp::Error),
    /// The file could not be written.
    #[error("the message could not be written to {path}")]
    File {
        /// Where to.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// An address that mail cannot be sent to.
    #[error("not an address mail can be sent to")]
    Address(#[source] lettre::address::AddressError),
}

/// Sends a message and returns once somebody has it.
///
/// # Errors
/// 503 when nobody took it; the cause is logged.
pub async fn send(app: &App, message: &Message) -> Result<(), ApiError> {
    let settings = &app.settings().mail;
    let raw = message.format(&settings.from, app.now());
    let sent = match &settings.transport {
        MailTransport::Log => {
            tracing::info!(to = message.to, text = message.text, "mail (mail.transport is log)");
            Ok(())
        }
        MailTransport::Files(directory) => file(directory, &message.id, &raw).await,
        MailTransport::Smtp(smtp) => smtp.send(&settings.from, &message.to, &raw).await,
    };
    sent.map_err(|error| {
        tracing::error!(error = %Chain(&error), "mail was not sent");
        ApiError::unavailable("The mail could not be sent. Try again soon.")
    })
}

async fn file(directory: &Path, id: &str, raw: &str) -> Result<(), MailError> {
    let path = directory.join(format!("{id}.eml"));
    let failed = |source| MailError::File { path: path.clone(), source };
    tokio::fs::create_dir_all(directory).await.map_err(failed)?;
    let mut options = tokio::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&path).await.map_err(failed)?;
    let written = async {
        tokio::io::AsyncWriteExt::write_all(&mut file, raw.as_bytes()).await?;
        file.sync_all().await
    };
    written.await.map_err(failed)?;
    tracing::info!(path = %path.display(), "mail written to a file");
    Ok(())
}

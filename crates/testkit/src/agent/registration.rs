//! REGISTER with digest, written anew, so that the registrar is not tested
//! with its own code.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use md5::{Digest as _, Md5};
use tokio::{net::UdpSocket, task::JoinHandle};

use super::probe::{SipProbe, header_of};

const PATIENCE: Duration = Duration::from_secs(5);

/// A phone's place at the registrar. Dropping it closes the flow.
///
/// A registrar reaches a phone by the flow it registered over; the flow here
/// is a socket of its own, from which datagrams pass on to the phone.
#[derive(Debug)]
pub struct Registration {
    /// Status of the last REGISTER.
    pub status: u16,
    /// Seconds granted.
    pub expires_s: Option<u32>,
    flow: JoinHandle<()>,
}

/// The registrar refused.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// No socket.
    #[error("no socket to register from")]
    Socket(#[from] io::Error),
    /// Nobody answered.
    #[error("the registrar did not answer")]
    Silence,
    /// It answered something else than 401 first, or 200 after.
    #[error("the registrar answered {0}")]
    Refused(u16),
    /// The challenge cannot be read.
    #[error("no digest challenge in {0:?}")]
    Challenge(String),
}

impl Registration {
    pub(super) async fn make(
        phone: SocketAddr,
        server: SocketAddr,
        user: &str,
        password: &str,
    ) -> Result<Self, RegistrationError> {
        let probe = SipProbe::open(server).await?;
        let id = format!("{:016x}", rand::random::<u64>());
        let uri = format!("sip:{server}");
        let contact = format!("Contact: <sip:{user}@{phone}>;expires=300");
        let ask = |cseq, extra: Option<String>| -> io::Result<String> {
            let lines: Vec<&str> = extra.as_deref().into_iter().collect();
            let request = probe.request("REGISTER", &uri, &id, cseq, &lines, "")?;
            let me = probe.address()?;
            let own = format!("Contact: <sip:probe@{me}>");
            // Address of record in From and To, the phone in Contact.
            Ok(request
                .replace(&own, &contact)
                .replace(&format!("From: <sip:probe@{me}>"), &format!("From: <sip:{user}@{server}>"))
                .replace(&format!("To: <{uri}>"), &format!("To: <sip:{user}@{server}>")))
        };
        probe.send(ask(1, None)?.as_bytes()).await?;
        let (status, response) = probe.final_response(PATIENCE).await.ok_or(RegistrationError::Silence)?;
        if status != 401 {
            return Err(RegistrationError::Refused(status));
        }
        let challenge = header_of(&response, "www-authenticate").unwrap_or_default().to_owned();
        let authorization = answer(&challenge, user, password, &uri)
            .ok_or_else(|| RegistrationError::Challenge(challenge.clone()))?;
        probe.send(ask(2, Some(authorization))?.as_bytes()).await?;
        let (status, response) = probe.final_response(PATIENCE).await.ok_or(RegistrationError::Silence)?;
        if status != 200 {
            return Err(RegistrationError::Refused(status));
        }
        let expires_s = header_of(&response, "contact")
            .and_then(|contact| {
                contact.split("expires=").nth(1)?.split([';', ',']).next()?.trim().parse().ok()
            })
            .or_else(|| header_of(&response, "expires")?.parse().ok());
        let inside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        inside.connect(phone).await?;
        Ok(Self { status, expires_s, flow: tokio::spawn(pass(probe.socket, inside)) })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.flow.abort();
    }
}

/// Passes datagrams between the flow and the phone.
async fn pass(flow: UdpSocket, phone: UdpSocket) {
    let (mut from_server, mut from_phone) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        let passed = tokio::select! {
            received = flow.recv(&mut from_server) => match received {
                Ok(length) => phone.send(&from_server[..length]).await,
                Err(error) => Err(error),
            },
            received = phone.recv(&mut from_phone) => match received {
                Ok(length) => flow.send(&from_phone[..length]).await,
                Err(error) => Err(error),
            },
        };
        if let Err(error) = passed {
            tracing::debug!(%error, "a datagram of a registered phone was lost");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The Authorization line for a challenge of RFC 7616, MD5.
fn answer(challenge: &str, user: &str, password: &str, uri: &str) -> Option<String> {
    let parameter = |name: &str| {
        let fields = challenge.strip_prefix("Digest ")?;
        fields.split(',').find_map(|field| {
            let (key, value) = field.trim().split_once('=')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim_matches('"').to_owned())
        })
    };
    let hash = |text: String| hex::encode(Md5::digest(text.as_bytes()));
    let (realm, nonce) = (parameter("realm")?, parameter("nonce")?);
    let a1 = hash(format!("{user}:{realm}:{password}"));
    let a2 = hash(format!("REGISTER:{uri}"));
    let response = hash(format!("{a1}:{nonce}:00000001:abcdef:auth:{a2}"));
    parameter("qop")?;
    Some(format!(
        "Authorization: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", algorithm=MD5, cnonce=\"abcdef\", qop=auth, nc=00000001"
    ))
}

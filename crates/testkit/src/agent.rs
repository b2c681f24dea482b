//! A SIP user agent for tests: calls, answers, speaks, listens, registers.
//!
//! [`UserAgent`] is a phone, [`PhoneCall`] one call of it, which remembers all
//! it hears to the sample. For whole conversations by script see
//! [`offhook_sim::caller::ScriptedCaller`]; [`UserAgent::scripted`] makes one.
//! What a well-behaved phone would never send goes through [`probe::SipProbe`].

mod call;
pub mod probe;
mod registration;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use offhook_engine::{
    endpoint::{Endpoint, EndpointConfig, IncomingCall, StartError},
    host::{Credentials, DialTarget},
    leg::LegError,
    media::{MediaConfig, MediaError, MediaPool},
};
use offhook_sim::{caller::ScriptedCaller, speech::SpeechCache};
use offhook_voice::speech::Synthesizer;
use tokio::sync::mpsc;

pub use call::PhoneCall;
pub use registration::{Registration, RegistrationError};

/// The agent could not be started.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No SIP socket.
    #[error("the test phone cannot listen")]
    Sip(#[from] StartError),
    /// No media threads.
    #[error("the test phone has no media")]
    Media(#[from] MediaError),
}

/// A phone on loopback.
pub struct UserAgent {
    endpoint: Endpoint,
    incoming: mpsc::Receiver<IncomingCall>,
    media: Arc<MediaPool>,
}

impl UserAgent {
    /// A phone with everything by default, on a free port.
    ///
    /// # Errors
    /// [`AgentError`] when there are no sockets.
    pub async fn start() -> Result<Self, AgentError> {
        Self::start_with(EndpointConfig::loopback(), Duration::from_secs(20)).await
    }

    /// A phone with other settings, e.g. fewer codecs (`config.sdp.codecs`),
    /// and its own RTP timeout.
    ///
    /// # Errors
    /// [`AgentError`] when there are no sockets.
    pub async fn start_with(config: EndpointConfig, rtp_timeout: Duration) -> Result<Self, AgentError> {
        let media = Arc::new(MediaPool::start(MediaConfig {
            ports: 0..=0,
            threads: 1,
            realtime: false,
            rtp_timeout,
            ..MediaConfig::default()
        })?);
        let (endpoint, incoming) = Endpoint::start(config, Arc::clone(&media)).await?;
        Ok(Self { endpoint, incoming, media })
    }

    /// Its SIP address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.endpoint.local_addr()
    }

    /// The endpoint beneath.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Its media threads.
    #[must_use]
    pub fn media(&self) -> &MediaPool {
        &self.media
    }

    /// Dials `number` at a server, as `from`.
    ///
    /// # Errors
    /// [`LegError`] when nothing could be sent.
    pub fn call(&self, server: SocketAddr, number: &str, from: &str) -> Result<PhoneCall, LegError> {
        self.dial(&Self::target(server, number, from))
    }

    /// Dials any target, e.g. with credentials or through a relay.
    ///
    /// # Errors
    /// [`LegError`] when nothing could be sent.
    pub fn dial(&self, target: &DialTarget) -> Result<PhoneCall, LegError> {
        Ok(PhoneCall::new(self.endpoint.dial(target)?))
    }

    /// The target that [`Self::call`] dials.
    #[must_use]
    pub fn target(server: SocketAddr, number: &str, from: &str) -> DialTarget {
        DialTarget {
            uri: format!("sip:{number}@{server}"),
            proxy: None,
            transport: None,
            credentials: None,
            caller_id: from.to_owned(),
        }
    }

    /// The same with digest credentials.
    #[must_use]
    pub fn with_credentials(mut target: DialTarget, username: &str, password: &str) -> DialTarget {
        target.credentials =
            Some(Credentials { username: username.to_owned(), password: password.to_owned() });
        target
    }

    /// The next call that rings here; none after `patience`.
    pub async fn ringing(&mut self, patience: Duration) -> Option<IncomingCall> {
        tokio::time::timeout(patience, self.incoming.recv()).await.ok()?
    }

    /// Answers the next call that rings here; none after `patience` or when it
    /// was gone.
    pub async fn answer(&mut self, patience: Duration) -> Option<PhoneCall> {
        let leg = self.ringing(patience).await?.accept().ok()?;
        leg.answer();
        Some(PhoneCall::new(leg))
    }

    /// Registers as `user`: calls to it ring here from now on.
    ///
    /// # Errors
    /// [`RegistrationError`] with the status that refused it.
    pub async fn register(
        &self,
        server: SocketAddr,
        user: &str,
        password: &str,
    ) -> Result<Registration, RegistrationError> {
        Registration::make(self.address(), server, user, password).await
    }

    /// A scripted caller at this phone.
    #[must_use]
    pub fn scripted(&self, synthesizer: Arc<dyn Synthesizer>) -> ScriptedCaller {
        ScriptedCaller::new(self.endpoint.clone(), SpeechCache::new(synthesizer))
    }
}

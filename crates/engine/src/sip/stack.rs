//! Starts the SIP stack on UDP and TCP of one address.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rsipstack::{
    EndpointBuilder,
    dialog::dialog_layer::DialogLayer,
    sip::{HostWithPort, Param, Scheme, Transport, Uri, uri::Auth},
    transaction::{TransactionReceiver, endpoint::EndpointOption},
    transport::{SipAddr, TcpListenerConnection, TransportLayer, udp::UdpConnection},
};
use tokio_util::sync::CancellationToken;

use super::{
    inspect::Repair,
    limit::{Gate, Limiter, RateLimit},
    locate::Locator,
    registrar::Registrar,
};

/// Attempts to find a port free for UDP and TCP, when the system may choose.
const PORT_ATTEMPTS: usize = 20;

/// The engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("could not listen for SIP over {transport} on {address}")]
    Bind {
        /// UDP or TCP.
        transport: &'static str,
        /// Where.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Listening on all addresses needs one to put into messages.
    #[error("listening on {0} needs an advertised address")]
    Unadvertised(SocketAddr),
    /// The stack refused.
    #[error("the SIP stack did not start: {0}")]
    Stack(String),
    /// Media could not be started.
    #[error("media did not start")]
    Media(#[from] crate::media::MediaError),
}

/// The running stack.
pub struct Stack {
    pub dialogs: Arc<DialogLayer>,
    /// Where it listens.
    pub local: SocketAddr,
    /// What it writes into Via and Contact.
    pub advertised: SocketAddr,
    cancel: CancellationToken,
}

impl Stack {
    /// Binds and serves; requests come out of the receiver.
    pub async fn start(
        listen: SocketAddr,
        advertised: Option<SocketAddr>,
        user_agent: &str,
        t1: Duration,
        rate: RateLimit,
        registrar: Arc<Registrar>,
    ) -> Result<(Self, TransactionReceiver), StartError> {
        if listen.ip().is_unspecified() && advertised.is_none() {
            return Err(StartError::Unadvertised(listen));
        }
        let cancel = CancellationToken::new();
        let (mut udp, local) = bind(listen, &cancel).await?;
        let mut advertised = advertised.unwrap_or(local);
        if advertised.port() == 0 {
            advertised.set_port(local.port());
        }
        udp.external = Some(SipAddr::new(Transport::Udp, advertised.into()));
        let tcp = TcpListenerConnection::new(local, Some(advertised))
            .await
            .map_err(|e| StartError::Stack(e.to_string()))?;

        let transport = TransportLayer::new(cancel.clone());
        transport.add_transport(udp.into());
        transport.add_transport(tcp.into());
        let endpoint = EndpointBuilder::new()
            .with_user_agent(user_agent)
            .with_cancel_token(cancel.clone())
            .with_transport_layer(transport)
            .with_option(EndpointOption {
                t1,
                t1x64: t1 * 64,
                // Otherwise Call-IDs end with the stack vendor's domain.
                callid_suffix: Some(advertised.ip().to_string()),
                ..EndpointOption::default()
            })
            .with_inspector(Box::new(Repair))
            .with_transport_inspector(Box::new(Gate(Limiter::new(rate))))
            .with_target_locator(Box::new(Locator(registrar)))
            .build();
        let incoming = endpoint.incoming_transactions().map_err(|e| StartError::Stack(e.to_string()))?;
        let inner = endpoint.inner.clone();
        let serving = tokio::spawn(async move { endpoint.serve().await });
        tokio::spawn(async move {
            // One task reads every datagram; nothing can be done without it.
            if let Err(error) = serving.await {
                tracing::error!(%error, "the SIP stack died: this process takes no more calls");
            }
        });
        let stack = Self { dialogs: Arc::new(DialogLayer::new(inner)), local, advertised, cancel };
        stack.await_tcp().await?;
        Ok((stack, incoming))
    }

    /// The stack binds TCP in its own task and only logs a failure: see
    /// whether it listens.
    async fn await_tcp(&self) -> Result<(), StartError> {
        let mut to = self.local;
        if to.ip().is_unspecified() {
            to.set_ip(if to.is_ipv6() { [0, 0, 0, 0, 0, 0, 0, 1].into() } else { [127, 0, 0, 1].into() });
        }
        let mut last = io::Error::from(io::ErrorKind::TimedOut);
        for _ in 0..100 {
            match tokio::net::TcpStream::connect(to).await {
                Ok(_) => return Ok(()),
                Err(error) => last = error,
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.stop();
        Err(StartError::Bind { transport: "TCP", address: self.local, source: last })
    }

    /// Our Contact for this user over this transport.
    pub fn contact(&self, user: &str, transport: Option<Transport>) -> Uri {
        let mut uri = self.address_of(user);
        if let Some(transport) = transport.filter(|t| *t != Transport::Udp) {
            uri.params.push(Param::Transport(transport));
        }
        uri
    }

    /// `sip:user@us`.
    pub fn address_of(&self, user: &str) -> Uri {
        Uri {
            scheme: Some(Scheme::Sip),
            auth: (!user.is_empty()).then(|| Auth { user: user.to_owned(), password: None }),
            host_with_port: HostWithPort::from(self.advertised),
            params: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Cancelled when the sockets close.
    pub fn stopped(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Closes the sockets.
    pub fn stop(&self) {
        self.cancel.cancel();
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Binds UDP, on a port that TCP can have too.
async fn bind(
    listen: SocketAddr,
    cancel: &CancellationToken,
) -> Result<(UdpConnection, SocketAddr), StartError> {
    let failed = |transport, address| move |source| StartError::Bind { transport, address, source };
    for attempt in 0.. {
        let socket = tokio::net::UdpSocket::bind(listen).await.map_err(failed("UDP", listen))?;
        let local = socket.local_addr().map_err(failed("UDP", listen))?;
        match probe_tcp(local) {
            Ok(()) => {}
            Err(_) if listen.port() == 0 && attempt < PORT_ATTEMPTS => continue,
            Err(source) => return Err(StartError::Bind { transport: "TCP", address: local, source }),
        }
        let udp = UdpConnection::from_socket(Arc::new(socket), None, Some(cancel.child_token()))
            .await
            .map_err(|e| StartError::Stack(e.to_string()))?;
        return Ok((udp, local));
    }
    Err(StartError::Stack("no port free for UDP and TCP".to_owned()))
}

/// Whether TCP can listen there: the stack would only log that it cannot.
fn probe_tcp(local: SocketAddr) -> io::Result<()> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(local), socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&local.into())?;
    socket.listen(1)
}

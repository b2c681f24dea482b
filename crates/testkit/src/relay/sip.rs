//! A signalling relay that leads media through [`RtpRelay`]s.

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{net::UdpSocket, task::JoinHandle};

use super::{Counts, Impairment, RtpRelay};

/// Stands before `server` for one user agent at a time per source address.
///
/// A user agent uses [`address`](Self::address) as its outbound proxy (or calls
/// `sip:number@address`). Messages pass both ways unharmed, but connection
/// lines of SDP are rewritten so that media takes an impaired way. Requests
/// within the dialog that go straight to the Contact need no relay: media
/// stays where the first offer put it. UDP only.
#[derive(Debug)]
pub struct SipRelay {
    address: SocketAddr,
    flows: Flows,
    task: JoinHandle<()>,
}

type Flows = Arc<Mutex<HashMap<String, RtpRelay>>>;

impl SipRelay {
    /// Opens the relay on a free loopback port.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(server: SocketAddr, network: Impairment) -> io::Result<Self> {
        let outside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let inside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        inside.connect(server).await?;
        let address = outside.local_addr()?;
        let flows = Flows::default();
        let task = tokio::spawn(pass(outside, inside, network, Arc::clone(&flows)));
        Ok(Self { address, flows, task })
    }

    /// Where the user agent sends its requests.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happened to all media so far: towards the user agents, and towards the server.
    #[must_use]
    pub fn counts(&self) -> (Counts, Counts) {
        let flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        flows.values().map(RtpRelay::counts).fold((Counts::default(), Counts::default()), |sum, next| {
            (sum.0.plus(next.0), sum.1.plus(next.1))
        })
    }

    /// Loses all media from now on; signalling goes on.
    pub fn cut_media(&self) {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner).values_mut().for_each(RtpRelay::cut);
    }
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            received: self.received + other.received,
            sent: self.sent + other.sent,
            lost: self.lost + other.lost,
        }
    }
}

impl Drop for SipRelay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(outside: UdpSocket, inside: UdpSocket, network: Impairment, flows: Flows) {
    let (mut from_user, mut from_server) = (vec![0; 65_536], vec![0; 65_536]);
    let mut user = None;
    loop {
        tokio::select! {
            Ok((length, source)) = outside.recv_from(&mut from_user) => {
                user = Some(source);
                let message = rewrite(&from_user[..length], Side::User, &network, &flows).await;
                if inside.send(&message).await.is_err() {
                    tracing::warn!("the server behind the relay cannot be reached");
                }
            }
            Ok(length) = inside.recv(&mut from_server) => {
                let message = rewrite(&from_server[..length], Side::Server, &network, &flows).await;
                if let Some(user) = user && outside.send_to(&message, user).await.is_err() {
                    tracing::warn!("the user agent before the relay cannot be reached");
                }
            }
            else => tokio::time::sleep(std::time::Duration::from_millis(1)).await,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    User,
    Server,
}

/// Replaces the media address in the message's SDP; other messages stay as they are.
async fn rewrite(message: &[u8], from: Side, network: &Impairment, flows: &Flows) -> Vec<u8> {
    let whole = message.to_vec();
    let Ok(text) = std::str::from_utf8(message) else { return whole };
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return whole };
    let Some(media) = media_address(body) else { return whole };
    let Some(call_id) = header(head, "call-id").or_else(|| header(head, "i")) else { return whole };
    let known = flows.lock().unwrap_or_else(PoisonError::into_inner).contains_key(call_id);
    if !known {
        let Ok(relay) = RtpRelay::between(None, None, network).await else { return whole };
        flows.lock().unwrap_or_else(PoisonError::into_inner).insert(call_id.to_owned(), relay);
    }
    let facing = {
        let flows = flows.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(relay) = flows.get(call_id) else { return whole };
        // `a` is the user agent, `b` the server.
        if from == Side::User {
            relay.set_a(media);
            relay.facing_b()
        } else {
            relay.set_b(media);
            relay.facing_a()
        }
    };
    let body: String = body.split_inclusive("\r\n").map(|line| rewrite_line(line, facing)).collect();
    let head: Vec<String> = head
        .split("\r\n")
        .map(|line| match line.split_once(':') {
            Some((name, _)) if ["content-length", "l"].contains(&name.trim().to_lowercase().as_str()) => {
                format!("{name}: {}", body.len())
            }
            _ => line.to_owned(),
        })
        .collect();
    format!("{}\r\n\r\n{body}", head.join("\r\n")).into_bytes()
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    head.split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.trim())
}

/// Address of the first audio stream; none for a message without SDP or a refused stream.
fn media_address(body: &str) -> Option<SocketAddr> {
    let line = |start: &str| body.lines().rev().find_map(|l| l.strip_prefix(start));
    let host = line("c=IN IP4 ")?.split('/').next()?.trim().parse::<Ipv4Addr>().ok()?;
    let port = line("m=audio ")?.split_whitespace().next()?.parse::<u16>().ok()?;
    (port != 0).then_some(SocketAddr::from((host, port)))
}

fn rewrite_line(line: &str, to: SocketAddr) -> String {
    if line.starts_with("c=IN IP4 ") && !line.contains("0.0.0.0") {
        return format!("c=IN IP4 {}\r\n", to.ip());
    }
    if let Some((_, rest)) = line.strip_prefix("m=audio ").and_then(|l| l.split_once(' ')) {
        return format!("m=audio {} {rest}", to.port());
    }
    // The RTCP port would lead around the relay.
    if line.starts_with("a=rtcp:") { String::new() } else { line.to_owned() }
}

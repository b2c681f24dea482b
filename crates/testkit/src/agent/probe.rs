//! Raw SIP: messages as a test writes them, right or wrong.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{net::UdpSocket, time::timeout};

/// A UDP socket that speaks SIP text.
#[derive(Debug)]
pub struct SipProbe {
    pub(super) socket: UdpSocket,
    server: SocketAddr,
}

impl SipProbe {
    /// Opens a port towards a server.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn open(server: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        socket.connect(server).await?;
        Ok(Self { socket, server })
    }

    /// Its own address, for Via and Contact.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// A complete request: `extra` header lines without line ends, and a body.
    /// The branch, tag and Call-ID follow from `id`.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn request(
        &self,
        method: &str,
        uri: &str,
        id: &str,
        cseq: u32,
        extra: &[&str],
        body: &str,
    ) -> io::Result<String> {
        let me = self.address()?;
        let mut lines = vec![
            format!("{method} {uri} SIP/2.0"),
            format!("Via: SIP/2.0/UDP {me};rport;branch=z9hG4bK{id}{cseq}{method}"),
            "Max-Forwards: 70".to_owned(),
            format!("From: <sip:probe@{me}>;tag=probe{id}"),
            format!("To: <{uri}>"),
            format!("Call-ID: {id}@probe"),
            format!("CSeq: {cseq} {method}"),
            format!("Contact: <sip:probe@{me}>"),
        ];
        lines.extend(extra.iter().map(|line| (*line).to_owned()));
        lines.push(format!("Content-Length: {}", body.len()));
        Ok(format!("{}\r\n\r\n{body}", lines.join("\r\n")))
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the socket is gone.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.socket.send(bytes).await.map(|_| ())
    }

    /// The next datagram; none after `patience`.
    pub async fn receive(&self, patience: Duration) -> Option<String> {
        let mut buffer = vec![0; 65_536];
        let length = timeout(patience, self.socket.recv(&mut buffer)).await.ok()?.ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    /// Status and text of the next final response; none after `patience`.
    pub async fn final_response(&self, patience: Duration) -> Option<(u16, String)> {
        let wait = async {
            loop {
                let text = self.receive(patience).await?;
                match status_of(&text) {
                    Some(status) if status >= 200 => return Some((status, text)),
                    _ => {}
                }
            }
        };
        timeout(patience, wait).await.ok()?
    }

    /// Sends an INVITE with this SDP, returns the final status, and ends what
    /// it began: a 2xx is acknowledged and hung up.
    ///
    /// # Errors
    /// When the socket is gone.
    pub async fn invite(&self, number: &str, sdp: &str, patience: Duration) -> io::Result<Option<u16>> {
        let uri = format!("sip:{number}@{}", self.server);
        let id = format!("{:016x}", rand::random::<u64>());
        let kind: &[&str] = if sdp.is_empty() { &[] } else { &["Content-Type: application/sdp"] };
        self.send(self.request("INVITE", &uri, &id, 1, kind, sdp)?.as_bytes()).await?;
        let Some((status, response)) = self.final_response(patience).await else { return Ok(None) };
        let with_tag = |request: String| match header_of(&response, "to") {
            Some(to) => request.replace(&format!("To: <{uri}>"), &format!("To: {to}")),
            None => request,
        };
        let mut ack = with_tag(self.request("ACK", &uri, &id, 1, &[], "")?);
        if status >= 300 {
            // Part of the INVITE's transaction: the same branch (RFC 3261 §17.1.1.3).
            ack = ack.replace(&format!("{id}1ACK"), &format!("{id}1INVITE"));
        }
        self.send(ack.as_bytes()).await?;
        if status < 300 {
            self.send(with_tag(self.request("BYE", &uri, &id, 2, &[], "")?).as_bytes()).await?;
            let _bye = self.final_response(patience).await;
        }
        Ok(Some(status))
    }
}

/// Status of a response; none for a request or garbage.
#[must_use]
pub fn status_of(message: &str) -> Option<u16> {
    message.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
}

/// First header of a name, any case.
#[must_use]
pub fn header_of<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let head = message.split("\r\n\r\n").next()?;
    let mut lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

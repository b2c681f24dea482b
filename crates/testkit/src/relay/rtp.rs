//! The relay's sockets.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{net::UdpSocket, sync::watch, task::JoinSet, time::Instant};

use super::impairment::{Fate, Impairment};

/// Two sockets between peers `a` and `b`: what `b` sends to
/// [`facing_b`](Self::facing_b) reaches `a` from [`facing_a`](Self::facing_a),
/// and the other way round. Each way is impaired by itself.
///
/// Where a peer sends from is learned from its first packet, unless it was
/// told. To put it into a call by hand: write `facing_b` in the SDP that `b`
/// reads and `facing_a` in the SDP that `a` reads. [`super::SipRelay`] does
/// that for whole calls.
#[derive(Debug)]
pub struct RtpRelay {
    facing_a: SocketAddr,
    facing_b: SocketAddr,
    to_a: Arc<Way>,
    to_b: Arc<Way>,
    tasks: JoinSet<()>,
}

/// What happened to the packets of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Packets that came in.
    pub received: u64,
    /// Packets that went out; doubles count twice.
    pub sent: u64,
    /// Packets lost on purpose.
    pub lost: u64,
}

#[derive(Debug)]
struct Way {
    target: watch::Sender<Option<SocketAddr>>,
    received: AtomicU64,
    sent: AtomicU64,
    lost: AtomicU64,
}

impl Way {
    fn new(target: Option<SocketAddr>) -> Arc<Self> {
        Arc::new(Self {
            target: watch::Sender::new(target),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        })
    }

    fn counts(&self) -> Counts {
        Counts {
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
        }
    }
}

impl RtpRelay {
    /// Opens a relay on two free loopback ports. A known address of `a` or `b`
    /// may be given; else it is learned.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn between(
        a: Option<SocketAddr>,
        b: Option<SocketAddr>,
        network: &Impairment,
    ) -> io::Result<Self> {
        let near = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        let far = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        let (facing_a, facing_b) = (near.local_addr()?, far.local_addr()?);
        let (to_a, to_b) = (Way::new(a), Way::new(b));
        let mut tasks = JoinSet::new();
        let begin = Instant::now();
        for (input, output, way, back, direction) in [
            (Arc::clone(&near), Arc::clone(&far), Arc::clone(&to_b), Arc::clone(&to_a), 0),
            (far, near, Arc::clone(&to_a), Arc::clone(&to_b), 1),
        ] {
            tasks.spawn(carry(input, output, way, back, Fate::new(network.clone(), direction), begin));
        }
        Ok(Self { facing_a, facing_b, to_a, to_b, tasks })
    }

    /// Where `a` sends, and where packets to `a` come from.
    #[must_use]
    pub fn facing_a(&self) -> SocketAddr {
        self.facing_a
    }

    /// Where `b` sends, and where packets to `b` come from.
    #[must_use]
    pub fn facing_b(&self) -> SocketAddr {
        self.facing_b
    }

    /// Packets towards `a` go to this address from now on.
    pub fn set_a(&self, address: SocketAddr) {
        self.to_a.target.send_replace(Some(address));
    }

    /// Packets towards `b` go to this address from now on.
    pub fn set_b(&self, address: SocketAddr) {
        self.to_b.target.send_replace(Some(address));
    }

    /// Counts towards `a` and towards `b`.
    #[must_use]
    pub fn counts(&self) -> (Counts, Counts) {
        (self.to_a.counts(), self.to_b.counts())
    }

    /// Stops relaying: from now on every packet is lost, in both directions.
    pub fn cut(&mut self) {
        self.tasks.abort_all();
    }
}

/// Receives on `input`, sends on `output` when the packet's time has come.
async fn carry(
    input: Arc<UdpSocket>,
    output: Arc<UdpSocket>,
    way: Arc<Way>,
    back: Arc<Way>,
    mut fate: Fate,
    begin: Instant,
) {
    let mut buffer = [0; 2048];
    let mut waiting = JoinSet::new();
    loop {
        while waiting.try_join_next().is_some() {}
        let Ok((length, source)) = input.recv_from(&mut buffer).await else {
            // An ICMP error of an earlier packet; the socket lives on.
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        back.target.send_if_modified(|target| {
            let is_new = target.is_none();
            target.get_or_insert(source);
            is_new
        });
        way.received.fetch_add(1, Ordering::Relaxed);
        let departures = fate.decide(begin.elapsed());
        if departures.is_empty() {
            way.lost.fetch_add(1, Ordering::Relaxed);
        }
        for due in departures {
            let (output, way, packet) = (Arc::clone(&output), Arc::clone(&way), buffer[..length].to_vec());
            let due = begin + due;
            let send = async move {
                if due > Instant::now() {
                    tokio::time::sleep_until(due).await;
                }
                let target = *way.target.borrow();
                if let Some(target) = target
                    && output.send_to(&packet, target).await.is_ok()
                {
                    way.sent.fetch_add(1, Ordering::Relaxed);
                }
            };
            if due <= Instant::now() {
                send.await;
            } else {
                waiting.spawn(send);
            }
        }
    }
}

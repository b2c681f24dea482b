//! A name server over UDP that answers what a test tells it, with a life of 0
//! seconds, and a resolver that asks it and keeps nothing.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::BoxFuture;
use offhook_voice::providers::fetch::Resolver;
use tokio::net::UdpSocket;

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;

#[derive(Default)]
struct Zone {
    /// Answers in their order; the last one stays.
    addresses: HashMap<String, Vec<Vec<IpAddr>>>,
    aliases: HashMap<String, String>,
    asked: HashMap<String, usize>,
}

/// The server, as a test drives it.
pub struct NameServer {
    zone: Arc<Mutex<Zone>>,
    address: SocketAddr,
}

impl NameServer {
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (zone, address) = (Arc::<Mutex<Zone>>::default(), socket.local_addr().unwrap());
        let serving = Arc::clone(&zone);
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let answer = serving.lock().unwrap().answer(&buffer[..length]);
                if let Some(answer) = answer {
                    socket.send_to(&answer, from).await.unwrap();
                }
            }
        });
        Self { zone, address }
    }

    /// What a name is: one list of addresses per lookup, the last one for good.
    pub fn set(&self, name: &str, answers: &[&[IpAddr]]) {
        let answers = answers.iter().map(|addresses| addresses.to_vec()).collect();
        self.zone.lock().unwrap().addresses.insert(name.to_owned(), answers);
    }

    /// Makes a name another name of something.
    pub fn alias(&self, name: &str, of: &str) {
        self.zone.lock().unwrap().aliases.insert(name.to_owned(), of.to_owned());
    }

    /// How often a name was looked up.
    pub fn asked(&self, name: &str) -> usize {
        self.zone.lock().unwrap().asked.get(name).copied().unwrap_or_default()
    }

    pub fn client(&self) -> Client {
        Client { server: self.address }
    }
}

impl Zone {
    fn answer(&mut self, query: &[u8]) -> Option<Vec<u8>> {
        let (name, end) = read_name(query, 12)?;
        let kind = u16::from_be_bytes([*query.get(end)?, *query.get(end + 1)?]);
        let name = name.trim_end_matches('.').to_lowercase();
        let mut records = Vec::new();
        let target = match self.aliases.get(&name) {
            Some(target) => {
                records.push((name.clone(), CNAME, write_name(target)));
                target.clone()
            }
            None => name.clone(),
        };
        if let Some(answers) = self.addresses.get_mut(&target) {
            // A lookup is two questions, A first: the answer moves on after the second.
            let now = answers.first().cloned().unwrap_or_default();
            if kind == AAAA {
                *self.asked.entry(name).or_default() += 1;
                if answers.len() > 1 {
                    answers.remove(0);
                }
            }
            for address in now {
                match address {
                    IpAddr::V4(ip) if kind == A => records.push((target.clone(), A, ip.octets().to_vec())),
                    IpAddr::V6(ip) if kind == AAAA => {
                        records.push((target.clone(), AAAA, ip.octets().to_vec()));
                    }
                    _ => {}
                }
            }
        }
        let known = u8::from(!self.addresses.contains_key(&target)) * 3;
        let count = u16::try_from(records.len()).ok()?.to_be_bytes();
        let mut answer = vec![query[0], query[1], 0x84, known, 0, 1, count[0], count[1], 0, 0, 0, 0];
        answer.extend_from_slice(query.get(12..end + 4)?);
        for (name, kind, data) in records {
            answer.extend(write_name(&name));
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1, 0, 0, 0, 0]); // class IN, lives 0 s
            answer.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
            answer.extend(data);
        }
        Some(answer)
    }
}

/// Asks the server anew for every lookup.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    server: SocketAddr,
}

impl Resolver for Client {
    fn addresses(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let (server, name) = (self.server, name.to_owned());
        Box::pin(async move {
            let mut found = Vec::new();
            for kind in [A, AAAA] {
                found.extend(ask(server, &name, kind).await?);
            }
            if found.is_empty() { Err(io::Error::other("no such name")) } else { Ok(found) }
        })
    }
}

async fn ask(server: SocketAddr, name: &str, kind: u16) -> io::Result<Vec<IpAddr>> {
    let mut query = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend(write_name(name));
    query.extend(kind.to_be_bytes());
    query.extend([0, 1]);
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(server).await?;
    socket.send(&query).await?;
    let mut buffer = [0; 1500];
    let length = tokio::time::timeout(Duration::from_secs(5), socket.recv(&mut buffer)).await??;
    read_answers(&buffer[..length]).ok_or_else(|| io::Error::other("malformed answer"))
}

fn read_answers(answer: &[u8]) -> Option<Vec<IpAddr>> {
    let count = u16::from_be_bytes([*answer.get(6)?, *answer.get(7)?]);
    let mut at = read_name(answer, 12)?.1 + 4;
    let mut found = Vec::new();
    for _ in 0..count {
        at = read_name(answer, at)?.1;
        let kind = u16::from_be_bytes([*answer.get(at)?, *answer.get(at + 1)?]);
        let length = usize::from(u16::from_be_bytes([*answer.get(at + 8)?, *answer.get(at + 9)?]));
        let data = answer.get(at + 10..at + 10 + length)?;
        match kind {
            A => found.push(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?))),
            AAAA => found.push(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?))),
            _ => {}
        }
        at += 10 + length;
    }
    Some(found)
}

fn write_name(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// A name without compression, and where it ends.
fn read_name(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut name = String::new();
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            return Some((name, at));
        }
        name.push_str(std::str::from_utf8(message.get(at..at + length)?).ok()?);
        name.push('.');
        at += length;
    }
}

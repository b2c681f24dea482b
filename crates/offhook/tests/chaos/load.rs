//! The load of a round: clients that ask, callers that talk.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use offhook_testkit::{agent::UserAgent, signal::tone_speech};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    death::Draws,
    ledger::{Answer, Caller, Inbound, Keyed, Kind, Ledger},
    server::KEY,
};

/// What callers say.
pub const QUESTION: &str = "What are your opening hours?";

/// What all clients share.
pub struct Clients {
    pub http: reqwest::Client,
    pub ledger: Mutex<Ledger>,
    pub phone: UserAgent,
    /// Makes numbers and words unlike any other's.
    next: AtomicU64,
    /// The agent, its number and that number's id.
    pub agent: String,
    pub line: String,
    pub line_id: String,
}

impl Clients {
    pub fn new(http: reqwest::Client, phone: UserAgent, agent: &Value, line: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            http,
            ledger: Mutex::default(),
            phone,
            next: AtomicU64::new(0),
            agent: text(&agent["id"]),
            line: text(&line["phoneNumber"]),
            line_id: text(&line["id"]),
        }
    }

    /// A number nobody had before, in this area.
    fn number(&self, area: u16) -> String {
        format!("+1{area}{:07}", 2_000_000 + self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Writes a new request into the ledger; its place.
    fn ask(&self, kind: Kind) -> usize {
        let number = self.number(match kind {
            Kind::Text => 312,
            Kind::Call => 718,
            Kind::Contact => 602,
        });
        let body = match kind {
            Kind::Text => {
                json!({"number_id": self.line_id, "to_number": number, "body": format!("to {number}")})
            }
            Kind::Call => json!({"agentId": self.agent, "toNumber": number}),
            Kind::Contact => json!({"phoneNumber": number, "name": "Somebody"}),
        };
        let mut ledger = self.ledger.lock().unwrap();
        let key = format!("key-{number}");
        ledger.keyed.push(Keyed { kind, key, number, body, tries: 0, answer: Answer::Open });
        ledger.keyed.len() - 1
    }

    /// Asks; whatever is answered goes into the ledger.
    async fn post(&self, server: SocketAddr, at: usize) {
        let keyed = {
            let mut ledger = self.ledger.lock().unwrap();
            ledger.keyed[at].tries += 1;
            ledger.keyed[at].clone()
        };
        let request = self.http.post(format!("http://{server}{}", keyed.kind.path())).bearer_auth(KEY);
        let request = request.header("idempotency-key", &keyed.key).json(&keyed.body);
        let Ok(response) = request.send().await else { return };
        let status = response.status().as_u16();
        let replayed = response.headers().contains_key("idempotency-replayed");
        let come_again = response.headers().contains_key("retry-after");
        let Ok(body) = response.text().await else { return };
        let answer = match status {
            200..=299 => {
                let body: Value = serde_json::from_str(&body).unwrap_or_default();
                Answer::Done { id: body["id"].as_str().unwrap_or_default().to_owned(), replayed }
            }
            503 => Answer::Open,
            409 if come_again => Answer::Open,
            _ => Answer::Refused(format!("{status} {body}")),
        };
        self.ledger.lock().unwrap().keyed[at].answer = answer;
    }

    /// The network tells of a text until it is acknowledged.
    async fn tell(&self, server: SocketAddr, at: usize) {
        let inbound = self.ledger.lock().unwrap().inbound[at].clone();
        let body = json!({
            "from": inbound.from, "to": self.line, "body": format!("from {}", inbound.from),
            "externalId": inbound.external_id,
        });
        let request = self.http.post(format!("http://{server}/offhook/v1/sim/messages")).bearer_auth(KEY);
        let Ok(response) = request.json(&body).send().await else { return };
        if response.status().is_success() {
            self.ledger.lock().unwrap().inbound[at].is_acknowledged = true;
        }
    }

    /// Somebody calls, says something, listens and hangs up.
    async fn call_in(&self, sip: SocketAddr, listen: Duration) {
        let number = self.number(646);
        let at = {
            let mut ledger = self.ledger.lock().unwrap();
            ledger.callers.push(Caller { number: number.clone(), was_answered: false });
            ledger.callers.len() - 1
        };
        let Ok(mut call) = self.phone.call(sip, &self.line, &number) else { return };
        let conversation = async {
            if call.answered(Duration::from_secs(4)).await {
                self.ledger.lock().unwrap().callers[at].was_answered = true;
                call.say(&tone_speech(QUESTION)).await;
                call.listen(listen).await;
                call.hang_up().await;
            }
        };
        // A server that died leaves the line silent.
        let _silent = tokio::time::timeout(Duration::from_secs(6), conversation).await;
    }

    /// Asks again what was not answered; what is still open then.
    pub async fn ask_again(&self, server: SocketAddr) -> usize {
        let (keyed, inbound) = self.ledger.lock().unwrap().open();
        for at in keyed {
            self.post(server, at).await;
        }
        for at in inbound {
            self.tell(server, at).await;
        }
        let (keyed, inbound) = self.ledger.lock().unwrap().open();
        keyed.len() + inbound.len()
    }
}

/// Starts the load of a round; it goes on until the set is dropped.
pub fn start(clients: &Arc<Clients>, http: SocketAddr, sip: SocketAddr, seed: u64) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let mut draws = Draws::new(seed);
    for (kind, pause) in [(Kind::Text, 40), (Kind::Text, 60), (Kind::Call, 350), (Kind::Contact, 90)] {
        let (clients, mut draws) = (Arc::clone(clients), Draws::new(draws.within(0, u64::MAX)));
        tasks.spawn(async move {
            loop {
                let at = clients.ask(kind);
                clients.post(http, at).await;
                pass(&mut draws, pause).await;
            }
        });
    }
    let (teller, mut pauses) = (Arc::clone(clients), Draws::new(draws.within(0, u64::MAX)));
    tasks.spawn(async move {
        loop {
            let from = teller.number(503);
            let at = {
                let mut ledger = teller.ledger.lock().unwrap();
                let external_id = format!("ext-{from}");
                ledger.inbound.push(Inbound { external_id, from, is_acknowledged: false });
                ledger.inbound.len() - 1
            };
            teller.tell(http, at).await;
            pass(&mut pauses, 80).await;
        }
    });
    for _ in 0..2 {
        let (clients, mut draws) = (Arc::clone(clients), Draws::new(draws.within(0, u64::MAX)));
        tasks.spawn(async move {
            loop {
                let listen = Duration::from_millis(draws.within(100, 900));
                clients.call_in(sip, listen).await;
                pass(&mut draws, 150).await;
            }
        });
    }
    let again = Arc::clone(clients);
    tasks.spawn(async move {
        again.ask_again(http).await;
    });
    tasks
}

/// A pause of about so many milliseconds.
async fn pass(draws: &mut Draws, about: u64) {
    tokio::time::sleep(Duration::from_millis(draws.within(about / 2, about * 3 / 2))).await;
}

//! The end of a run: what was promised, held against what is there.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    death::Death,
    ledger::{Answer, Kind, Ledger},
    outside::Attempt,
    world::{CREDIT, World, offhook},
};

/// A process silent for 15 s is dead; then its calls are closed.
const SETTLING: Duration = Duration::from_secs(60);
/// A delivery claimed by a process that died goes out when its lease is over:
/// the short form does not wait for that.
const DELIVERING: (Duration, Duration) = (Duration::from_secs(8), Duration::from_secs(200));

/// Figures and faults.
#[derive(Debug, Default)]
pub struct Verdict {
    figures: Vec<(&'static str, String)>,
    pub faults: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, figure) in &self.figures {
            writeln!(f, "| {name} | {figure} |")?;
        }
        write!(f, "| faults | {} |", self.faults.len())
    }
}

impl Verdict {
    fn figure(&mut self, name: &'static str, figure: impl fmt::Display) {
        self.figures.push((name, figure.to_string()));
    }

    fn check(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(fault());
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// How often each text occurs.
fn count<'a>(texts: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for text in texts {
        *counts.entry(text).or_insert(0) += 1;
    }
    counts
}

impl World {
    /// Lets everything come to rest, then counts.
    pub async fn verdict(&mut self, long: bool) -> Verdict {
        let mut verdict = Verdict::default();
        tokio::task::block_in_place(|| self.server.kill());
        assert!(self.begin(None));
        self.settle(&mut verdict, if long { DELIVERING.1 } else { DELIVERING.0 }).await;
        let ledger = std::mem::take(&mut *self.clients.ledger.lock().unwrap());
        self.lives(&mut verdict);
        let messages = self.messages().await;
        self.texts(&mut verdict, &ledger, &messages);
        let mut calls = Vec::new();
        for call in self.all("/v1/calls").await {
            calls.push(self.get(&format!("/v1/calls/{}", text(&call["id"]))).await);
        }
        self.calls(&mut verdict, &ledger, &calls);
        self.contacts(&mut verdict, &ledger).await;
        let deliveries = self.all("/v1/webhooks/deliveries").await;
        self.events(&mut verdict, &ledger, &deliveries, &calls, &messages);
        self.books(&mut verdict, calls.len(), messages.len()).await;
        verdict
    }

    async fn settle(&self, verdict: &mut Verdict, delivering: Duration) {
        let start = Instant::now();
        let mut open = usize::MAX;
        while open > 0 && start.elapsed() < SETTLING {
            open = self.clients.ask_again(self.server.http).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        verdict.check(open == 0, || format!("{open} requests are never answered"));
        let mut calls = Value::Null;
        while calls["total"] != 0 && start.elapsed() < SETTLING {
            tokio::time::sleep(Duration::from_millis(200)).await;
            calls = self.get("/v1/calls?status=in-progress&limit=100").await;
        }
        verdict.check(calls["total"] == 0, || format!("calls are in progress for ever: {calls:#}"));
        let start = Instant::now();
        while start.elapsed() < delivering {
            let all = self.all("/v1/webhooks/deliveries").await;
            if all.iter().all(|delivery| delivery["status"] != "pending") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    fn lives(&self, verdict: &mut Verdict) {
        let mut deaths = BTreeMap::new();
        for death in &self.deaths {
            let name = match death {
                Death::Failpoint(place) => place.as_str(),
                Death::Starting(_) => "starting",
                Death::Killed => "kill -9",
            };
            *deaths.entry(name).or_insert(0) += 1;
        }
        let deaths: Vec<String> = deaths.into_iter().map(|(name, n)| format!("{name} {n}")).collect();
        verdict.figure("deaths", format!("{}: {}", self.deaths.len(), deaths.join(", ")));
        let longest = self.starts.iter().max().copied().unwrap_or_default();
        verdict.figure("longest start", format!("{} ms", longest.as_millis()));
        let log = self.server.log();
        verdict.check(!log.contains("panicked"), || {
            let line = log.lines().find(|line| line.contains("panicked")).unwrap_or_default();
            format!("the server panicked: {line}")
        });
    }

    fn texts(&self, verdict: &mut Verdict, ledger: &Ledger, messages: &[Value]) {
        let sent = count(messages.iter().filter(|m| m["direction"] == "outbound").map(|m| text(&m["to"])));
        let by_id: HashMap<&str, &Value> =
            messages.iter().map(|message| (text(&message["id"]), message)).collect();
        let arrivals = self.server.arrivals();
        let arrived = count(arrivals.iter().map(|arrival| text(&arrival["to"][0])));
        let (mut acknowledged, mut replayed, mut retried, mut unconfirmed) = (0, 0, 0, 0);
        for keyed in ledger.of(Kind::Text) {
            let number = keyed.number.as_str();
            retried += usize::from(keyed.tries > 1);
            let stored = sent.get(number).copied().unwrap_or(0);
            let left = arrived.get(number).copied().unwrap_or(0);
            verdict.check(left <= 1, || format!("the text to {number} arrived {left} times"));
            verdict.check(stored <= 1, || format!("the text to {number} is stored {stored} times"));
            match &keyed.answer {
                Answer::Done { id, replayed: again } => {
                    acknowledged += 1;
                    replayed += usize::from(*again);
                    let Some(message) = by_id.get(id.as_str()) else {
                        verdict.faults.push(format!("the accepted text {id} to {number} is gone"));
                        continue;
                    };
                    unconfirmed += usize::from(message["errorCode"] == "DELIVERY_UNCONFIRMED");
                    // Of what was not sent, it must be said that nobody knows; while the
                    // claim of the process that died holds it is queued.
                    let is_told =
                        message["errorCode"] == "DELIVERY_UNCONFIRMED" || message["status"] == "queued";
                    verdict.check(left == 1 || is_told, || format!("{message} never arrived"));
                }
                Answer::Refused(why) => {
                    verdict.faults.push(format!("the text to {number} was refused: {why}"))
                }
                Answer::Open => {}
            }
        }
        let statuses =
            count(messages.iter().filter(|m| m["direction"] == "outbound").map(|m| text(&m["status"])));
        verdict.figure("texts acknowledged", acknowledged);
        verdict.figure("of these asked again, answer replayed", format!("{retried}, {replayed}"));
        verdict.figure("texts that arrived", arrivals.len());
        verdict.figure("texts told to be unconfirmed", unconfirmed);
        let statuses: Vec<String> = statuses.into_iter().map(|(state, n)| format!("{state} {n}")).collect();
        verdict.figure("states of texts", statuses.join(", "));

        let received =
            count(messages.iter().filter(|m| m["direction"] == "inbound").map(|m| text(&m["from"])));
        for inbound in &ledger.inbound {
            let stored = received.get(inbound.from.as_str()).copied().unwrap_or(0);
            let lost = inbound.is_acknowledged && stored == 0;
            verdict.check(!lost, || format!("the text from {} is gone", inbound.from));
            verdict.check(stored <= 1, || format!("the text from {} is stored {stored} times", inbound.from));
        }
        verdict.figure(
            "inbound texts acknowledged",
            ledger.inbound.iter().filter(|i| i.is_acknowledged).count(),
        );
    }

    fn calls(&self, verdict: &mut Verdict, ledger: &Ledger, calls: &[Value]) {
        let placed =
            count(calls.iter().filter(|c| c["direction"] == "outbound").map(|c| text(&c["toNumber"])));
        let taken =
            count(calls.iter().filter(|c| c["direction"] == "inbound").map(|c| text(&c["fromNumber"])));
        let ids = count(calls.iter().map(|call| text(&call["id"])));
        let dials = self.callee.dials();
        let mut acknowledged = 0;
        for keyed in ledger.of(Kind::Call) {
            let number = keyed.number.as_str();
            let rang = dials.get(number).copied().unwrap_or(0);
            verdict.check(rang <= 1, || format!("{number} was dialled {rang} times"));
            let stored = placed.get(number).copied().unwrap_or(0);
            verdict.check(stored <= 1, || format!("the call to {number} is stored {stored} times"));
            match &keyed.answer {
                Answer::Done { id, .. } => {
                    acknowledged += 1;
                    verdict
                        .check(ids.contains_key(id.as_str()), || format!("the accepted call {id} is gone"));
                }
                Answer::Refused(why) => {
                    verdict.faults.push(format!("the call to {number} was refused: {why}"))
                }
                Answer::Open => {}
            }
        }
        verdict.figure("outbound calls acknowledged", acknowledged);
        verdict.figure("of these dialled", dials.len());
        let mut answered = 0;
        for caller in &ledger.callers {
            let stored = taken.get(caller.number.as_str()).copied().unwrap_or(0);
            answered += usize::from(caller.was_answered);
            let lost = caller.was_answered && stored == 0;
            verdict.check(!lost, || format!("the answered call from {} is gone", caller.number));
            verdict
                .check(stored <= 1, || format!("the call from {} is stored {stored} times", caller.number));
        }
        verdict.figure("inbound calls answered", answered);
        let (mut turns, mut recorded) = (0, 0);
        for call in calls {
            turns += call["transcripts"].as_array().map_or(0, Vec::len);
            recorded += usize::from(call["recordingAvailable"] == true);
            let is_over = call["status"] != "in-progress" && call["disconnectionReason"].is_string();
            verdict.check(is_over, || format!("a call without an end: {call}"));
        }
        let reasons = count(calls.iter().map(|call| text(&call["disconnectionReason"])));
        let reasons: Vec<String> = reasons.into_iter().map(|(reason, n)| format!("{reason} {n}")).collect();
        verdict.figure("calls, and why they ended", format!("{}: {}", calls.len(), reasons.join(", ")));
        verdict.figure("rows of transcripts, recordings", format!("{turns}, {recorded}"));
    }

    async fn contacts(&self, verdict: &mut Verdict, ledger: &Ledger) {
        let contacts = self.all("/v1/contacts").await;
        let stored = count(contacts.iter().map(|contact| text(&contact["id"])));
        let mut acknowledged = 0;
        for keyed in ledger.of(Kind::Contact) {
            match &keyed.answer {
                Answer::Done { id, .. } => {
                    acknowledged += 1;
                    verdict.check(stored.contains_key(id.as_str()), || format!("the contact {id} is gone"));
                }
                // A second one of the same number would be a 409.
                Answer::Refused(why) => verdict.faults.push(format!("a contact was refused: {why}")),
                Answer::Open => {}
            }
        }
        verdict.figure("contacts acknowledged", acknowledged);
    }

    fn events(
        &self,
        verdict: &mut Verdict,
        ledger: &Ledger,
        deliveries: &[Value],
        calls: &[Value],
        messages: &[Value],
    ) {
        let of = |name: &'static str| {
            deliveries
                .iter()
                .filter(move |delivery| delivery["eventType"] == name)
                .map(|d| text(&d["messageId"]))
        };
        let (ends, news) = (count(of("agent.call_ended")), count(of("agent.message")));
        for call in calls {
            let (id, told) = (text(&call["id"]), ends.get(text(&call["id"])).copied().unwrap_or(0));
            verdict.check(told == 1, || format!("call {id} has {told} terminal events"));
        }
        for message in messages.iter().filter(|message| message["direction"] == "inbound") {
            let (id, told) = (text(&message["id"]), news.get(text(&message["id"])).copied().unwrap_or(0));
            verdict.check(told == 1, || format!("message {id} has {told} events"));
        }
        let attempts = self.sink.attempts();
        let (mut pending, mut duplicates, mut attempted) = (0, 0, 0);
        for delivery in deliveries {
            let id = text(&delivery["id"]);
            let seen = attempts.get(id).map(Vec::as_slice).unwrap_or_default();
            attempted += seen.len();
            let taken: Vec<&Attempt> = seen.iter().filter(|attempt| attempt.was_taken).collect();
            match text(&delivery["status"]) {
                "success" => {
                    verdict.check(!taken.is_empty(), || format!("{id} is said to be delivered, and is not"))
                }
                "pending" => pending += 1,
                status => verdict.faults.push(format!("delivery {id} is {status}: {delivery}")),
            }
            verdict.check(seen.iter().all(|attempt| attempt.body == seen[0].body), || {
                format!("the attempts of {id} differ")
            });
            for pair in taken.windows(2) {
                duplicates += 1;
                // The answer to the first was not written down: the process died before.
                let is_explained =
                    ledger.deaths.iter().any(|death| pair[0].at <= *death && *death <= pair[1].at);
                verdict.check(is_explained, || format!("{id} was delivered twice by one life"));
            }
        }
        let known = count(deliveries.iter().map(|delivery| text(&delivery["id"])));
        for id in attempts.keys().filter(|id| !known.contains_key(id.as_str())) {
            verdict.faults.push(format!("the event {id} was sent, and nobody knows of it"));
        }
        verdict.figure("events", deliveries.len());
        verdict.figure("attempts seen", attempted);
        verdict.figure("duplicates, each across a death", duplicates);
        verdict.figure("deliveries still pending, visibly", pending);
    }

    /// Sums, counters and the audit log.
    async fn books(&self, verdict: &mut Verdict, calls: usize, messages: usize) {
        let stats = self.get("/v1/usage").await["stats"].clone();
        verdict.check(stats["totalCalls"] == calls, || format!("{calls} calls, but usage says {stats}"));
        verdict.check(stats["totalMessages"] == messages, || {
            format!("{messages} texts, but usage says {stats}")
        });
        let billing = self.get("/offhook/v1/billing").await;
        let (left, used) = (micros(&billing["balance"]), micros(&billing["total"]));
        let credit = micros(&Value::from(CREDIT));
        verdict.check(left + used == credit, || {
            format!("the balance is off by {}: {billing}", credit - left - used)
        });
        verdict.figure(
            "charged, and balance",
            format!("{} + {} = {CREDIT}", text(&billing["total"]), text(&billing["balance"])),
        );
        let (is_intact, said) = tokio::task::block_in_place(|| offhook(&self.server, &["audit", "verify"]));
        verdict.check(is_intact, || format!("the audit log: {said}"));
        verdict.figure("audit log", said.lines().last().unwrap_or_default());
        verdict.figure("database", format!("{:?}", self.db));
    }
}

/// An amount of money in millionths.
fn micros(amount: &Value) -> i64 {
    let amount = text(amount);
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let part: i64 = format!("{part:0<6}").parse().unwrap_or_default();
    let whole: i64 = whole.parse().unwrap_or_default();
    whole * 1_000_000 + if amount.starts_with('-') { -part } else { part }
}

//! What others see of the server: a webhook's receiver, and the far end of a
//! trunk. They live through its deaths.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use offhook_testkit::{
    agent::{PhoneCall, UserAgent},
    doubles::webhook::{WebhookDouble, WebhookReply},
};
use serde_json::json;

/// Of this many events one is refused at its first attempt.
const STUMBLES: u64 = 7;

/// An attempt as the receiver saw it.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub at: Instant,
    pub body: Vec<u8>,
    /// Whether it was answered 2xx.
    pub was_taken: bool,
}

/// The receiver of all webhooks.
pub struct Sink {
    double: WebhookDouble,
    attempts: Arc<Mutex<HashMap<String, Vec<Attempt>>>>,
}

impl Sink {
    pub async fn start() -> Self {
        let double = WebhookDouble::start().await.unwrap();
        let attempts: Arc<Mutex<HashMap<String, Vec<Attempt>>>> = Arc::default();
        let seen = Arc::clone(&attempts);
        double.judge(move |received| {
            let id = received.header("x-webhook-id").unwrap_or_default().to_owned();
            let draw = id.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
            let mut seen = seen.lock().unwrap();
            let attempts = seen.entry(id).or_default();
            let was_taken = !(attempts.is_empty() && draw.is_multiple_of(STUMBLES));
            attempts.push(Attempt { at: received.at, body: received.body.to_vec(), was_taken });
            if was_taken { WebhookReply::json(&json!({})) } else { WebhookReply::status(500) }
        });
        Self { double, attempts }
    }

    pub fn url(&self) -> String {
        self.double.url()
    }

    /// Every attempt, by `X-Webhook-ID`.
    pub fn attempts(&self) -> HashMap<String, Vec<Attempt>> {
        self.attempts.lock().unwrap().clone()
    }
}

/// The far end of the trunk: answers every call, listens a little, hangs up.
pub struct Callee {
    /// Call-IDs of the INVITEs, by the number dialled.
    dialled: Arc<Mutex<HashMap<String, HashSet<String>>>>,
    pub port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Callee {
    pub async fn start() -> Self {
        let config = offhook_engine::endpoint::EndpointConfig::loopback();
        let mut phone = UserAgent::start_with(config, Duration::from_secs(3)).await.unwrap();
        let dialled: Arc<Mutex<HashMap<String, HashSet<String>>>> = Arc::default();
        let (seen, port) = (Arc::clone(&dialled), phone.address().port());
        let task = tokio::spawn(async move {
            loop {
                let Some(call) = phone.ringing(Duration::from_secs(3600)).await else { return };
                let arrival = &call.arrival;
                seen.lock()
                    .unwrap()
                    .entry(arrival.dialled.clone())
                    .or_default()
                    .insert(arrival.sip_call_id.clone());
                let Ok(leg) = call.accept() else { continue };
                leg.answer();
                tokio::spawn(async move {
                    let mut call = PhoneCall::new(leg);
                    call.listen(Duration::from_millis(700)).await;
                    // A caller that died does not answer the BYE.
                    let _gone = tokio::time::timeout(Duration::from_secs(2), call.hang_up()).await;
                });
            }
        });
        Self { dialled, port, task }
    }

    /// How many calls rang, by the number dialled.
    pub fn dials(&self) -> HashMap<String, usize> {
        self.dialled.lock().unwrap().iter().map(|(number, ids)| (number.clone(), ids.len())).collect()
    }
}

impl Drop for Callee {
    fn drop(&mut self) {
        self.task.abort();
    }
}

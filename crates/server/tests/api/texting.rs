//! What the tests of messages share: lines, phones, and the network's news.

use futures::FutureExt as _;
use offhook_carriers::Carrier as _;
use offhook_server::messaging::{inbound, queue};
use serde_json::{Value, json};

use crate::world::{Reply, World};

/// Somebody with a phone that does what every other does.
pub const ANN: &str = "+15005550101";

/// A number of the account.
pub struct Line {
    pub id: String,
    pub number: String,
}

impl World {
    /// Buys a line; `kind` is `sms` or `imessage`.
    pub async fn line(&self, kind: &str) -> Line {
        let bought = self.post("/v1/numbers", json!({"areaCode": "907", "type": kind})).await.ok();
        Line { id: word(&bought["id"]), number: word(&bought["phoneNumber"]) }
    }

    /// Sends to one recipient.
    pub async fn text(&self, line: &Line, to: &str, body: &str) -> Reply {
        self.post("/v1/messages", json!({"number_id": line.id, "to_number": to, "body": body})).await
    }

    /// Has somebody write to a line; the message's id.
    pub async fn hear(&self, from: &str, line: &Line, body: &str) -> String {
        let taken = self.hear_with(json!({"from": from, "to": line.number, "body": body})).await.ok();
        assert_eq!(taken["outcome"], "stored", "{taken}");
        word(&taken["messageIds"][0])
    }

    /// Has somebody write, in every detail.
    pub async fn hear_with(&self, message: Value) -> Reply {
        self.post("/offhook/v1/sim/messages", message).await
    }

    /// What a phone received of this account.
    pub async fn inbox(&self, phone: &str) -> Vec<Value> {
        let path = format!("/offhook/v1/sim/handsets/{}/messages", phone.replace('+', "%2B"));
        self.get(&path).await.ok()["data"].as_array().unwrap().clone()
    }

    /// The words a phone received.
    pub async fn bodies(&self, phone: &str) -> Vec<String> {
        self.inbox(phone).await.iter().map(|message| word(&message["body"])).collect()
    }

    /// Tells a phone how to behave.
    pub async fn tell(&self, phone: &str, behaviour: Value) {
        let path = format!("/offhook/v1/sim/handsets/{}", phone.replace('+', "%2B"));
        self.call("PUT", &path, Some(behaviour)).await.ok();
    }

    /// A line's messages, newest first.
    pub async fn messages(&self, line: &Line) -> Vec<Value> {
        self.get(&format!("/v1/numbers/{}/messages?limit=200", line.id)).await.ok()["data"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// One of them.
    pub async fn message(&self, line: &Line, id: &Value) -> Value {
        self.messages(line).await.into_iter().find(|message| message["id"] == *id).unwrap()
    }

    /// Takes everything the network has told by now.
    pub async fn take_news(&self) {
        let carrier = std::sync::Arc::clone(&self.carrier);
        while let Some(event) = carrier.texting().unwrap().next_event().now_or_never() {
            inbound::receive(&self.app, event).await.unwrap();
        }
    }

    /// Hands over everything that is due now.
    pub async fn hand_over(&self) -> usize {
        let mut handed = 0;
        loop {
            match queue::pass(&self.app).await.unwrap() {
                0 => return handed,
                some => handed += some,
            }
        }
    }

    /// Connects a line to WhatsApp, with an approved template `hello`.
    pub async fn connect_whatsapp(&self, line: &Line) {
        let root = "/integrations/whatsapp";
        let made = self.post(&format!("{root}/connect"), json!({"code": "c"})).await.ok();
        let root = format!("{root}/{}", word(&made["connection_id"]));
        let id = line.number.trim_start_matches('+');
        self.post(&format!("{root}/numbers"), json!({"phone_number_id": id})).await.ok();
        let template = json!({
            "name": "hello", "category": "UTILITY", "components": [{"type": "BODY", "text": "Hello {{1}}"}],
        });
        self.post(&format!("{root}/templates"), template).await.ok();
        self.advance(std::time::Duration::from_secs(5));
    }

    /// The bodies of the events of one kind, oldest first.
    pub async fn events(&self, kind: &str) -> Vec<Value> {
        let page = offhook_store::Page { limit: 100, offset: 0 };
        let log = self.app.store().deliveries(&self.account, None, None, page).await.unwrap();
        let mut bodies: Vec<Value> = log
            .data
            .iter()
            .filter(|delivery| delivery.event.event_type == kind)
            .map(|delivery| serde_json::from_str(&delivery.event.body).unwrap())
            .collect();
        bodies.reverse();
        bodies
    }

    /// Gives the account a webhook, to be told of events.
    pub async fn listen(&self) {
        self.post("/v1/webhooks", json!({"url": "https://example.com/hook"})).await.ok();
    }
}

/// A JSON string's words.
#[track_caller]
pub fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no string: {value}")).to_owned()
}

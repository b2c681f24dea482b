//! What an account may have: one of each thing a path of the document names.

use offhook_model::{
    call::{CallState, Direction},
    id::{AgentId, CallId, NumberId},
};
use offhook_store::{Call, CallService};
use serde_json::{Value, json};

use crate::{document::Operation, world::World};

/// One thing of each kind, by the name of its path parameter.
pub struct Things {
    ids: Vec<(&'static str, String)>,
    /// The number of [`Self::id`] `number_id`.
    pub line: String,
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

impl Things {
    /// Makes them in the account whose key the world uses. A new parameter
    /// of the document needs a line here.
    pub async fn make(world: &World) -> Self {
        let sub = word(&world.post("/v1/sub-accounts", json!({"name": "mine"})).await.ok()["id"]);
        Self::make_with(world, sub).await
    }

    /// Makes them in a sub-account, which has none of its own.
    pub async fn make_narrow(world: &World) -> Self {
        Self::make_with(world, "sub_nobody".to_owned()).await
    }

    async fn make_with(world: &World, sub: String) -> Self {
        let agent = world.agent("mine").await;
        let line = world.line("imessage").await;
        world.post(&format!("/v1/agents/{agent}/numbers"), json!({"numberId": line.id})).await.ok();
        world.post(&format!("/v1/agents/{agent}/webhook"), json!({"url": "https://example.com"})).await.ok();
        let message = world.hear("+14155559876", &line, "mine").await;
        let delivery = word(&world.get("/offhook/v1/deliveries").await.ok()["data"][0]["id"]);
        let conversation = word(&world.get("/v1/conversations").await.ok()["data"][0]["id"]);
        let contact = json!({"phoneNumber": "+14155559876", "name": "mine"});
        let contact = word(&world.post("/v1/contacts", contact).await.body["id"]);
        let trunk = word(&world.post("/v1/sip-trunks", json!({})).await.ok()["id"]);
        let whatsapp = json!({"code": "c", "waba_id": "mine"});
        let connection = world.post("/integrations/whatsapp/connect", whatsapp).await.ok();
        let code = json!({"phone_number": "+14155559876"});
        let verification = word(&world.post("/v1/verify/send", code).await.ok()["verification_id"]);
        let forgotten = json!({"phoneNumber": "+14155559875"});
        let deletion = word(&world.post("/offhook/v1/deletions", forgotten).await.ok()["id"]);
        let call = call(world, &agent, &line.id).await;
        Self {
            ids: vec![
                ("agent_id", agent),
                ("number_id", line.id),
                ("message_id", message),
                ("conversation_id", conversation),
                ("contact_id", contact),
                ("trunk_id", trunk),
                ("connection_id", word(&connection["connection_id"])),
                ("sub_account_id", sub),
                ("call_id", call),
                ("delivery_id", delivery),
                ("verification_id", verification),
                ("deletion_id", deletion),
                // Somebody who shares their location with this account.
                ("phone_number", "%2B14155559876".to_owned()),
            ],
            line: line.number,
        }
    }

    /// The thing behind a path parameter.
    pub fn id(&self, parameter: &str) -> &str {
        let known = self.ids.iter().find(|(name, _)| *name == parameter);
        &known.unwrap_or_else(|| panic!("{parameter} is new: make one in tenancy/things.rs")).1
    }

    /// A path to these things.
    pub fn fill(&self, operation: &Operation) -> String {
        self.fill_but(operation, None)
    }

    /// A path to these things, but for one parameter that names another's.
    pub fn fill_but(&self, operation: &Operation, other: Option<(&str, &str)>) -> String {
        let mut path = operation.path.clone();
        for name in operation.path_parameters() {
            let id = match other {
                Some((parameter, id)) if parameter == name => id,
                _ => self.id(&name),
            };
            path = path.replace(&format!("{{{name}}}"), id);
        }
        path
    }

    /// Every id that nobody else may see.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let ids = self.ids.iter().filter(|(name, _)| *name != "phone_number").map(|(_, id)| id.as_str());
        ids.chain([self.line.as_str()])
    }
}

/// A call that is over.
async fn call(world: &World, agent: &str, number: &str) -> String {
    let now = world.app.now();
    let call = Call {
        id: CallId::new(now, rand::random()),
        account_id: world.account.clone(),
        agent_id: Some(AgentId::from(agent)),
        agent_name: Some("mine".into()),
        number_id: Some(NumberId::from(number)),
        phone_number: None,
        from: "+14155550100".into(),
        to: "+14155550101".into(),
        direction: Direction::Inbound,
        state: CallState::Dialing,
        started_at: now,
        answered_at: None,
        ended_at: None,
        talk_time: None,
        metadata: None,
        service: CallService::default(),
        recording_disabled: false,
        recording: None,
        owner: "test".into(),
        checkpoint_at: None,
    };
    world.app.store().insert_call(&call, None).await.unwrap();
    call.id.to_string()
}

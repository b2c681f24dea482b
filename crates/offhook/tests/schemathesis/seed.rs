//! Things for generated requests to hit: without ids that exist, nearly all of
//! them would end at 404.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::server::Server;

/// How often a generated request uses a value from here.
const OFTEN: f64 = 0.75;

/// Makes some of everything and returns the settings that name it.
pub fn settings(server: &Server) -> String {
    let made =
        |path: &str, body: Value, key: &str| server.post(path, &body)[key].as_str().unwrap().to_owned();
    let agents: Vec<_> =
        (0..8).map(|n| made("/v1/agents", json!({"name": format!("Agent {n}")}), "id")).collect();
    let number =
        |agent: &String, kind: &str| made("/v1/numbers", json!({"agentId": agent, "type": kind}), "id");
    let mut numbers: Vec<_> = agents[..4].iter().map(|agent| number(agent, "sms")).collect();
    numbers.extend(agents[4..].iter().map(|agent| number(agent, "imessage")));
    let calls: Vec<_> = agents
        .iter()
        .map(|agent| {
            let call = json!({"agentId": agent, "toNumber": "+15005550002", "systemPrompt": "Say hello."});
            made("/v1/calls", call, "id")
        })
        .collect();

    let send = |agent: &String, to: &str| {
        server.post("/v1/messages", &json!({"agent_id": agent, "to_number": to, "body": "Hello"}))
    };
    // SMS and iMessage threads; a group among them.
    let sent: Vec<_> = agents.iter().map(|agent| send(agent, "+15005550110")).collect();
    let group =
        json!({"agent_id": agents[7], "recipients": ["+15005550110", "+15005550111"], "body": "Hello"});
    let group = server.post("/v1/messages", &group);
    let text = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
    let messages: Vec<_> = sent.iter().chain([&group]).map(|message| text(message, "id")).collect();
    let conversations: Vec<_> =
        sent.iter().chain([&group]).map(|message| text(message, "conversation_id")).collect();
    let several = |make: &dyn Fn(usize) -> String| (0..6).map(make).collect::<Vec<_>>();
    let contacts = several(&|n| {
        made("/v1/contacts", json!({"phoneNumber": format!("+1415555018{n}"), "name": "Ada"}), "id")
    });
    let subs = several(&|n| made("/v1/sub-accounts", json!({"name": format!("Sub {n}")}), "id"));
    let trunks = several(&|_| made("/v1/sip-trunks", json!({}), "id"));
    let whatsapp = several(&|n| {
        made("/integrations/whatsapp/connect", json!({"code": format!("code-{n}")}), "connection_id")
    });
    server.post("/v1/webhooks", &json!({"url": "http://127.0.0.1:9/hook"}));

    let mut out = String::from("[dictionaries]\n");
    let mut parameters = String::from("\n[parameters]\n");
    let mut offer = |name: &str, values: &[String], at: &[&str]| {
        writeln!(out, "{name} = {{ values = {values:?} }}").unwrap();
        for place in at {
            let binding = format!("{{ dictionary = \"{name}\", probability = {OFTEN} }}");
            writeln!(parameters, "\"{place}\" = {binding}").unwrap();
        }
    };
    let mut phones = ["+14155550187", "+15005550002", "+15005550110"].map(str::to_owned).to_vec();
    offer("agents", &agents, &["path.agent_id", "query.agentId", "body.agentId", "body.agent_id"]);
    offer("numbers", &numbers, &["path.number_id", "body.numberId", "body.fromNumberId", "body.number_id"]);
    offer("calls", &calls, &["path.call_id"]);
    offer("conversations", &conversations, &["path.conversation_id"]);
    offer("messages", &messages, &["path.message_id", "body.reply_to_message_id", "body.messageId"]);
    offer("contacts", &contacts, &["path.contact_id"]);
    offer("subs", &subs, &["path.sub_account_id"]);
    offer("trunks", &trunks, &["path.trunk_id"]);
    offer("whatsapp", &whatsapp, &["path.connection_id"]);
    phones.push(text(&group, "to_number"));
    offer("phones", &phones, &["path.phone_number", "body.toNumber", "body.to_number"]);
    out + &parameters
}

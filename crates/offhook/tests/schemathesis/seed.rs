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

    let mut out = String::from("[dictionaries]\n");
    let mut parameters = String::from("\n[parameters]\n");
    let mut offer = |name: &str, values: &[String], at: &[&str]| {
        writeln!(out, "{name} = {{ values = {values:?} }}").unwrap();
        for place in at {
            let binding = format!("{{ dictionary = \"{name}\", probability = {OFTEN} }}");
            writeln!(parameters, "\"{place}\" = {binding}").unwrap();
        }
    };
    let phones = ["+14155550187", "+15005550002"].map(str::to_owned);
    offer("agents", &agents, &["path.agent_id", "query.agentId", "body.agentId", "body.agent_id"]);
    offer("numbers", &numbers, &["path.number_id", "body.numberId", "body.fromNumberId", "body.number_id"]);
    offer("calls", &calls, &["path.call_id"]);
    offer("phones", &phones, &["body.toNumber", "body.to_number"]);
    out + &parameters
}

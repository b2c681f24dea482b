//! Groups (contract `messaging-behaviour.md` §3, §7; `webhooks.md` §4.1).

use serde_json::{Value, json};

use crate::{
    texting::{ANN, Line, word},
    world::{Reply, World, on_both},
};

const BOB: &str = "+15005550110";
const EVE: &str = "eve@example.com";

async fn group(world: &World, line: &Line, members: &[&str]) -> Reply {
    world.post("/v1/messages", json!({"number_id": line.id, "recipients": members, "body": "Hi all"})).await
}

on_both! {
    async fn recipients_make_a_group_and_each_gets_it(world) {
        let line = world.line("imessage").await;
        let sent = group(&world, &line, &[BOB, EVE, ANN]).await.ok();
        let id = word(&sent["to_number"]);
        assert!(id.starts_with("grp_"));
        assert_eq!(sent["channel"], "imessage");
        for member in [BOB, EVE, ANN] {
            assert_eq!(world.bodies(member).await, ["Hi all"]);
        }
        let again = world.text(&line, &id, "again").await.ok();
        assert_eq!(again["conversation_id"], sent["conversation_id"]);
        assert_eq!(again["to_number"], id);
        let landed = world.inbox(BOB).await;
        assert_eq!(landed[0]["group"], landed[1]["group"]);
        // One person alone is another thread, the same people another group.
        assert_ne!(world.text(&line, BOB, "psst").await.ok()["conversation_id"], sent["conversation_id"]);
        assert_ne!(group(&world, &line, &[BOB, EVE, ANN]).await.ok()["to_number"], sent["to_number"]);
    }

    async fn a_group_has_two_to_thirty_two_different_members(world) {
        let line = world.line("imessage").await;
        let many: Vec<String> = (0..33).map(|n| format!("+150055503{n:02}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        group(&world, &line, &many[..1]).await.fault("body.recipients", "too_short");
        group(&world, &line, &many).await.fault("body.recipients", "too_long");
        group(&world, &line, &[BOB, "500-555-0110"]).await.fault("body.recipients", "value_error");
        group(&world, &line, &[BOB, "grp_1"]).await.fault("body.recipients", "value_error");
        group(&world, &line, &many[..32]).await.ok();
        group(&world, &line, &many[..2]).await.ok();
    }

    async fn groups_need_an_imessage_line_that_knows_them(world) {
        let (sms, imessage) = (world.line("sms").await, world.line("imessage").await);
        group(&world, &sms, &[BOB, EVE]).await.refused(400, "BAD_REQUEST");
        let id = word(&group(&world, &imessage, &[BOB, EVE]).await.ok()["to_number"]);
        world.text(&sms, &id, "x").await.refused(400, "BAD_REQUEST");
        let other = world.line("imessage").await;
        world.text(&other, &id, "x").await.refused(404, "NOT_FOUND");
        world.text(&imessage, "grp_unknown", "x").await.refused(404, "NOT_FOUND");
        // An agent's number that knows the group sends, also when it is not the first.
        let agent = world.agent("A").await;
        for line in [&sms, &imessage] {
            world.post(&format!("/v1/agents/{agent}/numbers"), json!({"numberId": line.id})).await.ok();
        }
        let body = json!({"agent_id": agent, "to_number": id, "body": "x"});
        assert_eq!(world.post("/v1/messages", body).await.ok()["from_number"], imessage.number);
    }

    async fn a_group_that_writes_is_told_with_its_members(world) {
        let line = world.line("imessage").await;
        world.listen().await;
        let hear = async |from: &str, members: Value| {
            world.hear_with(json!({
                "from": from, "to": line.number, "body": "Dinner at 8?", "channel": "imessage",
                "group": {"id": "g1", "name": "Team", "members": members},
            })).await.ok()
        };
        hear(BOB, json!([BOB, EVE])).await;
        hear(EVE, json!([BOB, EVE, ANN])).await;
        let events = world.events("agent.message").await;
        let data = &events[1]["data"];
        assert_eq!((&data["from"], &data["senderIdentifier"]), (&json!(EVE), &json!(EVE)));
        let id = word(&data["group"]["groupId"]);
        let member = |identifier: &str| json!({"identifier": identifier, "name": null});
        assert_eq!(data["group"], json!({
            "isGroup": true, "groupId": id, "groupName": "Team", "groupIconUrl": null,
            "participants": [member(BOB), member(EVE), member(ANN)],
        }));
        assert_eq!(events[0]["data"]["conversationId"], data["conversationId"]);
        world.text(&line, &id, "Yes!").await.ok();
        assert_eq!(world.bodies(ANN).await, ["Yes!"]);
    }

    async fn members_answer_in_the_group_we_made(world) {
        let line = world.line("imessage").await;
        let sent = group(&world, &line, &[BOB, EVE]).await.ok();
        let id = word(&sent["to_number"]);
        let network = word(&world.inbox(BOB).await[0]["group"]);
        for name in [&id, &network] {
            let body = json!({
                "from": BOB, "to": line.number, "body": "here", "channel": "imessage", "group": {"id": name},
            });
            let heard = world.hear_with(body).await.ok()["messageIds"][0].clone();
            assert_eq!(world.message(&line, &heard).await["conversationId"], sent["conversation_id"]);
        }
        world.text(&line, &id, "good").await.ok();
        assert_eq!(world.bodies(EVE).await, ["Hi all", "good"]);
        let unknown = json!({"from": BOB, "to": line.number, "channel": "imessage", "group": {"id": "g9"}});
        world.hear_with(unknown).await.fault("body.group", "value_error");
    }

    async fn stop_in_a_group_is_no_keyword(world) {
        let line = world.line("sms").await;
        let body = json!({
            "from": ANN, "to": line.number, "body": "STOP", "channel": "mms",
            "group": {"id": "g1", "members": [ANN, BOB]},
        });
        world.hear_with(body).await.ok();
        world.text(&line, ANN, "x").await.ok();
    }
}

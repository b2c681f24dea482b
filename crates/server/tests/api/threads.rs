//! Threads: listed, read, changed (contract §7).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    texting::{ANN, word},
    world::{World, on_both},
};

const BOB: &str = "+15005550102";

async fn only_thread(world: &World) -> Value {
    let page = world.get("/v1/conversations").await.ok();
    assert_eq!(page["total"], 1, "{page:#}");
    page["data"][0].clone()
}

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| word(&row["id"])).collect()
}

on_both! {
    async fn a_thread_has_every_property(world) {
        let line = world.line("sms").await;
        let sent = world.text(&line, ANN, "Hi!").await.ok();
        let thread = only_thread(&world).await;
        assert_eq!(thread["id"], sent["conversation_id"]);
        assert_eq!(thread, json!({
            "id": thread["id"], "agentId": null, "phoneNumberId": line.id, "phoneNumber": line.number,
            "participant": ANN, "channel": "sms", "isGroup": false, "groupId": null, "groupName": null,
            "groupIconUrl": null, "participants": null, "lastMessageAt": thread["lastMessageAt"],
            "lastMessagePreview": "Hi!", "messageCount": 1, "metadata": null, "createdAt": thread["createdAt"],
        }));
        let mut detail = world.get(&format!("/v1/conversations/{}", word(&thread["id"]))).await.ok();
        let messages = detail["messages"].take();
        let capabilities = detail["capabilities"].take();
        for (key, value) in thread.as_object().unwrap() {
            assert_eq!(&detail[key], value, "{key}");
        }
        let message = &messages[0];
        assert_eq!(message, &json!({
            "id": sent["id"], "body": "Hi!", "fromNumber": line.number, "toNumber": ANN, "direction": "outbound",
            "senderIdentifier": null, "channel": "sms", "mediaUrl": null, "mediaUrls": [],
            "receivedAt": message["receivedAt"], "reactions": [], "replyTo": null, "status": "sent",
            "failureReason": null, "errorCode": null, "deliveredAt": null, "deliveredChannel": null,
            "readAt": null, "content": null,
        }));
        assert_eq!(capabilities, json!({
            "canSendMessages": true, "sendDisabledReason": null, "sendChannel": "sms",
            "availableChannels": ["sms", "mms"], "mediaChannels": ["mms"], "media": true, "reactions": false,
            "emojiReactions": false,
        }));
    }

    async fn threads_are_listed_last_active_first(world) {
        let line = world.line("sms").await;
        let first = world.text(&line, ANN, "1").await.ok()["conversation_id"].clone();
        let second = world.text(&line, BOB, "2").await.ok()["conversation_id"].clone();
        assert_eq!(ids(&world.get("/v1/conversations").await.ok()), [word(&second), word(&first)]);
        world.hear(ANN, &line, "3").await;
        let page = world.get("/v1/conversations?limit=1").await.ok();
        assert_eq!((ids(&page), &page["hasMore"], &page["total"]), (vec![word(&first)], &json!(true), &json!(2)));
        assert_eq!(page["data"][0]["messageCount"], 2);
        let rest = world.get("/v1/conversations?limit=1&offset=1").await.ok();
        assert_eq!((ids(&rest), &rest["hasMore"]), (vec![word(&second)], &json!(false)));
        assert_eq!(world.get("/v1/conversations?offset=2").await.ok()["data"], json!([]));
        world.get("/v1/conversations?limit=101").await.fault("query.limit", "less_than_equal");
        world.get("/v1/conversations?limit=100").await.ok();
    }

    async fn a_thread_follows_its_numbers_agent_and_totals_with_it(world) {
        let (ada, bea) = (world.agent("Ada").await, world.agent("Bea").await);
        let line = world.line("sms").await;
        let total = async |agent: &str| {
            let of_agent = world.get(&format!("/v1/agents/{agent}/conversations")).await.ok();
            let filtered = world.get(&format!("/v1/conversations?agentId={agent}")).await.ok();
            assert_eq!(of_agent, filtered);
            assert_eq!(of_agent["data"].as_array().unwrap().len(), of_agent["total"]);
            of_agent["total"].as_u64().unwrap()
        };
        let attach = async |agent: &str| {
            world.post(&format!("/v1/agents/{agent}/numbers"), json!({"numberId": line.id})).await.ok();
        };
        world.text(&line, ANN, "nobody's").await.ok();
        attach(&ada).await;
        assert_eq!((total(&ada).await, total(&bea).await), (0, 0), "a thread moves with its next message");
        world.text(&line, ANN, "Ada's").await.ok();
        world.text(&line, BOB, "Ada's").await.ok();
        assert_eq!((total(&ada).await, total(&bea).await), (2, 0));
        attach(&bea).await;
        world.hear(BOB, &line, "Bea's").await;
        assert_eq!((total(&ada).await, total(&bea).await), (1, 1));
        world.delete(&format!("/v1/agents/{ada}")).await.ok();
        assert_eq!(total(&bea).await, 1);
        let all = world.get("/v1/conversations").await.ok();
        assert_eq!(all["total"], 2);
        assert_eq!(all["data"][1]["agentId"], Value::Null);
        world.get("/v1/agents/agt_nobody/conversations").await.refused(404, "NOT_FOUND");
        assert_eq!(world.get("/v1/conversations?agentId=agt_nobody").await.ok()["total"], 0);
    }

    async fn the_detail_holds_the_latest_messages_oldest_first(world) {
        let line = world.line("sms").await;
        for body in ["1", "2", "3"] {
            world.hear(ANN, &line, body).await;
        }
        let path = format!("/v1/conversations/{}", word(&only_thread(&world).await["id"]));
        let bodies = |detail: &Value, key: &str| -> Vec<String> {
            detail[key].as_array().unwrap().iter().map(|message| word(&message["body"])).collect()
        };
        assert_eq!(bodies(&world.get(&path).await.ok(), "messages"), ["1", "2", "3"]);
        assert_eq!(bodies(&world.get(&format!("{path}?message_limit=2")).await.ok(), "messages"), ["2", "3"]);
        assert_eq!(bodies(&world.get(&format!("{path}?messageLimit=1")).await.ok(), "messages"), ["3"]);
        world.get(&format!("{path}?message_limit=0")).await.fault("query.message_limit", "greater_than_equal");
        world.get(&format!("{path}?message_limit=101")).await.fault("query.message_limit", "less_than_equal");
        world.get("/v1/conversations/conv_nobody").await.refused(404, "NOT_FOUND");
        let list = format!("{path}/messages");
        let page = world.get(&format!("{list}?limit=2")).await.ok();
        assert_eq!((bodies(&page, "data"), &page["hasMore"]), (vec!["3".to_owned(), "2".to_owned()], &json!(true)));
        let oldest = word(&page["data"][1]["id"]);
        let older = world.get(&format!("{list}?before={oldest}")).await.ok();
        assert_eq!((bodies(&older, "data"), &older["hasMore"]), (vec!["1".to_owned()], &json!(false)));
        let at = word(&older["data"][0]["receivedAt"]);
        let newer = world.get(&format!("{list}?after={at}&limit=1")).await.ok();
        assert_eq!((bodies(&newer, "data"), &newer["hasMore"]), (vec!["2".to_owned()], &json!(true)));
        world.get(&format!("{list}?before=yesterday")).await.fault("query.before", "value_error");
        world.get(&format!("{list}?limit=201")).await.fault("query.limit", "less_than_equal");
        world.get("/v1/conversations/conv_nobody/messages").await.refused(404, "NOT_FOUND");
    }

    async fn metadata_is_replaced_whole_and_null_clears_it(world) {
        let line = world.line("sms").await;
        world.listen().await;
        world.text(&line, ANN, "Hi").await.ok();
        let path = format!("/v1/conversations/{}", word(&only_thread(&world).await["id"]));
        let set = world.patch(&path, json!({"metadata": {"stage": "lead", "n": [1]}})).await.ok();
        assert_eq!(set["metadata"], json!({"stage": "lead", "n": [1]}));
        assert_eq!(set["messages"][0]["body"], "Hi", "the answer is the detail");
        assert_eq!(world.patch(&path, json!({})).await.ok()["metadata"]["stage"], "lead");
        assert_eq!(world.patch(&path, json!({"metadata": {}})).await.ok()["metadata"], json!({}));
        world.hear(ANN, &line, "Hello").await;
        assert_eq!(world.events("agent.message").await[0]["conversationState"], json!({}));
        assert_eq!(world.patch(&path, json!({"metadata": null})).await.ok()["metadata"], Value::Null);
        world.patch(&path, json!({"metadata": [1]})).await.fault("body.metadata", "dict_type");
        let large = |bytes: usize| json!({"metadata": {"k": "x".repeat(bytes - 8)}});
        world.patch(&path, large(64 * 1024)).await.ok();
        world.patch(&path, large(64 * 1024 + 1)).await.fault("body.metadata", "value_error");
        world.patch("/v1/conversations/conv_nobody", json!({})).await.refused(404, "NOT_FOUND");
    }

    async fn a_group_is_renamed_at_the_carrier_and_one_to_one_threads_are_not(world) {
        let line = world.line("imessage").await;
        for phone in [ANN, BOB] {
            world.tell(phone, json!({"imessage": true})).await;
        }
        let body = json!({"number_id": line.id, "recipients": [ANN, BOB], "body": "Hi all"});
        let sent = world.post("/v1/messages", body).await.ok();
        let path = format!("/v1/conversations/{}", word(&sent["conversation_id"]));
        let group = world.get(&path).await.ok();
        assert_eq!((&group["isGroup"], &group["groupId"]), (&json!(true), &sent["to_number"]));
        assert_eq!((&group["participant"], &group["capabilities"]), (&sent["to_number"], &Value::Null));
        assert_eq!(group["participants"], json!([{"identifier": ANN, "name": null}, {"identifier": BOB, "name": null}]));
        let renamed = world.patch(&path, json!({"group_name": " Team "})).await.ok();
        assert_eq!(renamed["groupName"], "Team");
        assert_eq!(world.patch(&path, json!({"group_name": null})).await.ok()["groupName"], "Team");
        world.patch(&path, json!({"group_name": " "})).await.refused(400, "BAD_REQUEST");
        world.patch(&path, json!({"group_name": "x".repeat(201)})).await.fault("body.group_name", "string_too_long");
        world.patch(&path, json!({"groupName": "x".repeat(200)})).await.ok();

        let alone = world.text(&line, ANN, "Hi").await.ok();
        let path = format!("/v1/conversations/{}", word(&alone["conversation_id"]));
        let both = json!({"group_name": "Team", "metadata": {"a": 1}});
        let same = world.patch(&path, both).await.ok();
        assert_eq!((&same["groupName"], &same["metadata"]), (&Value::Null, &json!({"a": 1})));
    }

    async fn replies_show_what_they_answer(world) {
        let line = world.line("imessage").await;
        world.tell(ANN, json!({"imessage": true})).await;
        let asked = world.hear_with(json!({"from": ANN, "to": line.number, "body": "Red or blue?", "channel": "imessage"})).await.ok();
        let body = json!({"number_id": line.id, "to_number": ANN, "body": "Blue", "reply_to_message_id": asked["messageIds"][0]});
        let sent = world.post("/v1/messages", body).await.ok();
        let detail = world.get(&format!("/v1/conversations/{}", word(&sent["conversation_id"]))).await.ok();
        let reply = &detail["messages"][1]["replyTo"];
        assert_eq!(reply, &json!({"messageId": asked["messageIds"][0], "message": "Red or blue?", "mediaUrls": []}));
        assert_eq!(detail["messages"][0]["replyTo"], Value::Null);
    }

    async fn an_opt_out_or_a_release_closes_the_thread(world) {
        let line = world.line("sms").await;
        world.hear(ANN, &line, "STOP").await;
        let path = format!("/v1/conversations/{}", word(&only_thread(&world).await["id"]));
        let closed = world.get(&path).await.ok()["capabilities"].clone();
        assert_eq!((&closed["canSendMessages"], &closed["sendChannel"]), (&json!(false), &Value::Null));
        assert!(word(&closed["sendDisabledReason"]).contains("opted out"), "{closed}");
        world.advance(Duration::from_secs(1));
        world.hear(ANN, &line, "START").await;
        assert_eq!(world.get(&path).await.ok()["capabilities"]["canSendMessages"], true);
        world.delete(&format!("/v1/numbers/{}", line.id)).await.ok();
        let closed = world.get(&path).await.ok()["capabilities"].clone();
        assert!(word(&closed["sendDisabledReason"]).contains("released"), "{closed}");
        assert_eq!((&closed["availableChannels"], &closed["media"]), (&json!([]), &json!(false)));
    }

    async fn imessage_is_offered_to_those_who_have_it(world) {
        let line = world.line("imessage").await;
        world.tell(ANN, json!({"imessage": true})).await;
        world.tell(BOB, json!({"imessage": false})).await;
        for (phone, channels, reacts) in [(ANN, json!(["imessage", "sms", "mms"]), true), (BOB, json!(["sms", "mms"]), false)] {
            let sent = world.text(&line, phone, "Hi").await.ok();
            let open = world.get(&format!("/v1/conversations/{}", word(&sent["conversation_id"]))).await.ok();
            let open = &open["capabilities"];
            assert_eq!((&open["availableChannels"], &open["sendChannel"]), (&channels, &sent["channel"]));
            assert_eq!((&open["reactions"], &open["emojiReactions"]), (&json!(reacts), &json!(reacts)));
        }
    }

    async fn whatsapps_window_opens_with_their_message_and_closes_a_day_later(world) {
        let line = world.line("sms").await;
        world.connect_whatsapp(&line).await;
        let heard = world.hear_with(json!({"from": ANN, "to": line.number, "body": "Hi", "channel": "whatsapp"})).await.ok();
        assert_eq!(heard["outcome"], "stored");
        let thread = only_thread(&world).await;
        assert_eq!(thread["channel"], "whatsapp");
        let path = format!("/v1/conversations/{}", word(&thread["id"]));
        let open = world.get(&path).await.ok()["capabilities"].clone();
        assert_eq!(open["availableChannels"], json!(["whatsapp"]));
        assert_eq!((&open["canSendMessages"], &open["media"], &open["reactions"]), (&json!(true), &json!(true), &json!(true)));
        let ends: i64 = word(&open["whatsappWindowExpiresAt"]).parse::<offhook_model::Timestamp>().unwrap().as_millisecond();
        let wrote: i64 = word(&thread["lastMessageAt"]).parse::<offhook_model::Timestamp>().unwrap().as_millisecond();
        assert_eq!(ends - wrote, 24 * 3600 * 1000);
        world.advance(Duration::from_secs(24 * 3600));
        let closed = world.get(&path).await.ok()["capabilities"].clone();
        assert_eq!(closed["canSendMessages"], false);
        assert!(word(&closed["sendDisabledReason"]).contains("131047"), "{closed}");
        assert_eq!(closed["whatsappWindowExpiresAt"], open["whatsappWindowExpiresAt"]);
    }
}

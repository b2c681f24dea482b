//! Reactions, ours and other people's, and shared contacts.

use serde_json::{Value, json};

use crate::{
    texting::{ANN, Line, word},
    world::{World, on_both},
};

/// An iMessage line, a message of Ann's to it, and its thread's path.
async fn imessage(world: &World) -> (Line, String, String) {
    let line = world.line("imessage").await;
    world.tell(ANN, json!({"imessage": true})).await;
    let heard = json!({"from": ANN, "to": line.number, "body": "See you!", "channel": "imessage"});
    let taken = world.hear_with(heard).await.ok();
    let thread = world.get("/v1/conversations").await.ok()["data"][0]["id"].clone();
    (line, word(&taken["messageIds"][0]), format!("/v1/conversations/{}", word(&thread)))
}

async fn react(world: &World, message: &str, reaction: &str) -> crate::world::Reply {
    world.post(&format!("/v1/messages/{message}/reactions"), json!({"reaction": reaction})).await
}

async fn reactions(world: &World, thread: &str) -> Value {
    world.get(thread).await.ok()["messages"][0]["reactions"].clone()
}

async fn simulate(world: &World, message: &str, reaction: &str, external_id: &str) -> Value {
    let body = json!({"from": ANN, "messageId": message, "reaction": reaction, "externalId": external_id});
    world.post("/offhook/v1/sim/reactions", body).await.ok()["outcome"].clone()
}

on_both! {
    async fn our_reaction_is_shown_and_a_new_one_takes_its_place(world) {
        let (line, message, thread) = imessage(&world).await;
        let sent = react(&world, &message, "Loved").await.ok();
        assert!(word(&sent["id"]).starts_with("rxn_"));
        assert_eq!(sent, json!({
            "id": sent["id"], "reaction_type": "love", "message_id": message, "channel": "imessage",
        }));
        let shown = reactions(&world, &thread).await;
        assert_eq!(shown, json!([{
            "id": sent["id"], "reactionType": "love", "fromNumber": line.number, "direction": "outbound",
            "createdAt": shown[0]["createdAt"],
        }]));
        react(&world, &message, "👍🏽").await.ok();
        let shown = reactions(&world, &thread).await;
        assert_eq!((shown.as_array().unwrap().len(), &shown[0]["reactionType"]), (1, &json!("👍🏽")));
        assert_eq!(world.get(&format!("{thread}/messages")).await.ok()["data"][0]["reactions"], shown);
    }

    async fn what_cannot_be_reacted_to_is_refused(world) {
        let (line, message, _) = imessage(&world).await;
        for wrong in ["", "hug", "👍👍", "lovely"] {
            let reply = react(&world, &message, wrong).await;
            assert_eq!(reply.status, 422, "{wrong}");
        }
        world.post(&format!("/v1/messages/{message}/reactions"), json!({})).await.fault("body.reaction", "missing");
        react(&world, "msg_nobody", "love").await.refused(404, "NOT_FOUND");
        world.tell(&line.number, json!({"emojiReactions": false})).await;
        react(&world, &message, "👍").await.refused(400, "BAD_REQUEST");
        react(&world, &message, "like").await.ok();
        let plain = world.line("sms").await;
        let text = world.hear("+15005550102", &plain, "An SMS").await;
        let detail = react(&world, &text, "love").await.refused(400, "BAD_REQUEST");
        assert!(detail.contains("SMS"), "{detail}");
        world.delete(&format!("/v1/numbers/{}", line.id)).await.ok();
        react(&world, &message, "love").await.refused(400, "BAD_REQUEST");
    }

    async fn whatsapp_messages_take_any_emoji(world) {
        let line = world.line("sms").await;
        world.connect_whatsapp(&line).await;
        let heard = json!({"from": ANN, "to": line.number, "body": "Hi", "channel": "whatsapp"});
        let taken = world.hear_with(heard).await.ok();
        let message = word(&taken["messageIds"][0]);
        assert_eq!(react(&world, &message, "🎉").await.ok()["channel"], "whatsapp");
        react(&world, &message, "love").await.ok();
    }

    async fn their_reaction_is_stored_shown_and_told_once(world) {
        let (line, _, thread) = imessage(&world).await;
        world.listen().await;
        world.patch(&thread, json!({"metadata": {"vip": true}})).await.ok();
        let sent = world.text(&line, ANN, "At eight?").await.ok();
        let message = word(&sent["id"]);
        assert_eq!(simulate(&world, &message, "Loved", "r1").await, "stored");
        assert_eq!(simulate(&world, &message, "love", "r1").await, "known");
        let detail = world.get(&thread).await.ok();
        let shown = detail["messages"][1]["reactions"].clone();
        assert_eq!((shown.as_array().unwrap().len(), &shown[0]["reactionType"]), (1, &json!("love")));
        assert_eq!((&shown[0]["fromNumber"], &shown[0]["direction"]), (&json!(ANN), &json!("inbound")));
        let events = world.events("agent.reaction").await;
        assert_eq!(events.len(), 1);
        let event = &events[0];
        assert_eq!((&event["channel"], &event["agentId"]), (&json!("imessage"), &Value::Null));
        assert_eq!(event["conversationState"], json!({"vip": true}));
        assert_eq!(event["data"], json!({
            "conversationId": sent["conversation_id"], "numberId": line.id, "reactionType": "love",
            "fromNumber": ANN, "direction": "inbound", "messageId": message, "messageBody": "At eight?",
            "messageMediaUrl": null, "messageMediaUrls": [], "createdAt": event["data"]["createdAt"],
        }));
        let history: Vec<_> = event["recentHistory"].as_array().unwrap().iter().map(|e| word(&e["content"])).collect();
        assert_eq!(history, ["See you!", "At eight?"]);
        assert_eq!(simulate(&world, &message, "😂", "r2").await, "stored");
        assert_eq!(simulate(&world, &message, "love", "r1").await, "known", "an old one does not come back");
        assert_eq!(world.get(&thread).await.ok()["messages"][1]["reactions"][0]["reactionType"], "😂");
    }

    async fn both_sides_reactions_stand_side_by_side(world) {
        let (_, message, thread) = imessage(&world).await;
        react(&world, &message, "like").await.ok();
        simulate(&world, &message, "question", "r1").await;
        let shown = reactions(&world, &thread).await;
        let kinds: Vec<_> = shown.as_array().unwrap().iter().map(|r| word(&r["reactionType"])).collect();
        assert_eq!(kinds, ["like", "question"]);
        assert_eq!(world.events("agent.reaction").await.len(), 0, "nobody listens");
    }

    async fn shared_contacts_are_a_message_and_an_event(world) {
        let (line, _, thread) = imessage(&world).await;
        world.listen().await;
        let body = json!({
            "from": ANN, "to": line.number, "externalId": "c1",
            "contacts": [
                {"firstName": "Bob", "lastName": "Ross", "phoneNumbers": ["+15005550155"], "emails": []},
                {"displayName": "The Shop", "phoneNumbers": [], "emails": ["shop@example.com"]},
            ],
        });
        let taken = world.post("/offhook/v1/sim/contacts", body.clone()).await.ok();
        assert_eq!(taken["outcome"], "stored");
        assert_eq!(world.post("/offhook/v1/sim/contacts", body).await.ok()["outcome"], "known");
        let detail = world.get(&thread).await.ok();
        assert_eq!(detail["messages"].as_array().unwrap().len(), 2);
        assert_eq!(detail["messages"][1]["body"], "[contact] Bob Ross, The Shop");
        let events = world.events("agent.contact_shared").await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["channel"], "imessage");
        let data = &events[0]["data"];
        assert_eq!(data, &json!({
            "conversationId": detail["id"], "numberId": line.id, "from": ANN, "to": line.number,
            "direction": "inbound", "messageId": taken["messageIds"][0], "receivedAt": data["receivedAt"],
            "contacts": [
                {"firstName": "Bob", "lastName": "Ross", "displayName": null, "phoneNumbers": ["+15005550155"], "emails": []},
                {"firstName": null, "lastName": null, "displayName": "The Shop", "phoneNumbers": [], "emails": ["shop@example.com"]},
            ],
        }));
        assert_eq!(world.events("agent.message").await.len(), 0, "one event, not two");
        assert_eq!(detail["messages"][1]["content"]["contacts"], data["contacts"]);
    }
}

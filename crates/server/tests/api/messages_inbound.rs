//! Messages that arrive, and their event (contract `webhooks.md` §4.1).

use serde_json::{Value, json};

use crate::{
    texting::{ANN, word},
    world::on_both,
};

on_both! {
    async fn an_arrival_is_told_with_every_property(world) {
        let agent = world.agent("A").await;
        let body = json!({"areaCode": "907", "agentId": agent, "externalId": "crm-7"});
        let number = world.post("/v1/numbers", body).await.ok();
        let line = crate::texting::Line { id: word(&number["id"]), number: word(&number["phoneNumber"]) };
        world.listen().await;
        let earlier = world.text(&line, ANN, "Hello").await.ok();
        let id = world.hear("(500) 555-0101", &line, "Hi!").await;
        let mut event = world.events("agent.message").await.remove(0);
        assert!(event["data"]["externalMessageId"].is_string() && event["timestamp"].is_string());
        for volatile in ["externalMessageId", "receivedAt"] {
            event["data"][volatile] = Value::Null;
        }
        event["timestamp"] = Value::Null;
        event["recentHistory"][0]["at"] = Value::Null;
        assert_eq!(event, json!({
            "event": "agent.message", "channel": "sms", "timestamp": null, "agentId": agent,
            "data": {
                "messageId": id, "id": id, "externalMessageId": null,
                "conversationId": earlier["conversation_id"], "numberId": line.id, "from": ANN,
                "to": line.number, "contact": null, "message": "Hi!", "mediaUrl": null, "mediaUrls": [],
                "direction": "inbound", "receivedAt": null, "externalId": "crm-7",
            },
            "conversationState": null,
            "recentHistory": [{
                "messageId": earlier["id"], "content": "Hello", "direction": "outbound", "channel": "sms",
                "at": null,
            }],
        }));
        let listed = world.message(&line, &json!(id)).await;
        assert_eq!((&listed["status"], &listed["direction"]), (&json!("received"), &json!("inbound")));
    }

    async fn a_known_sender_is_told_by_name(world) {
        let line = world.line("sms").await;
        world.listen().await;
        let made = world.post("/v1/contacts", json!({"phoneNumber": ANN, "name": "Ann"})).await.body;
        world.hear(ANN, &line, "x").await;
        let contact = &world.events("agent.message").await[0]["data"]["contact"];
        assert_eq!(*contact, json!({"id": made["id"], "name": "Ann", "email": null, "phoneNumber": ANN}));
    }

    async fn what_arrives_twice_is_stored_and_told_once(world) {
        let line = world.line("sms").await;
        world.listen().await;
        let message = json!({"from": ANN, "to": line.number, "body": "x", "externalId": "SM1"});
        let taken = futures::future::join_all((0..5).map(|_| world.hear_with(message.clone()))).await;
        let stored = taken.into_iter().filter(|reply| reply.body["outcome"] == "stored").count();
        assert_eq!(stored, 1);
        assert_eq!(world.hear_with(message).await.ok()["outcome"], "known");
        assert_eq!(world.messages(&line).await.len(), 1);
        assert_eq!(world.events("agent.message").await.len(), 1);
        // The same name at another number is another message.
        let other = world.line("sms").await;
        let message = json!({"from": ANN, "to": other.number, "body": "x", "externalId": "SM1"});
        assert_eq!(world.hear_with(message).await.ok()["outcome"], "stored");
    }

    async fn the_event_goes_to_the_agents_webhook_else_the_accounts_else_nowhere(world) {
        let agent = world.agent("A").await;
        let line = world.line("sms").await;
        world.hear(ANN, &line, "nobody listens").await;
        assert!(world.events("agent.message").await.is_empty());
        world.listen().await;
        world.hear(ANN, &line, "no agent").await;
        let body = json!({"numberId": line.id});
        world.post(&format!("/v1/agents/{agent}/numbers"), body).await.ok();
        world.hear(ANN, &line, "an agent").await;
        let hook = json!({"url": "https://example.com/agent", "contextLimit": 0});
        world.post(&format!("/v1/agents/{agent}/webhook"), hook).await.ok();
        world.hear(ANN, &line, "its own").await;
        let events = world.events("agent.message").await;
        let agents: Vec<_> = events.iter().map(|event| event["agentId"].clone()).collect();
        assert_eq!(agents, [Value::Null, json!(agent), json!(agent)]);
        assert_eq!(events[2]["recentHistory"], json!([]));
        let log = world.get(&format!("/v1/agents/{agent}/webhook/deliveries")).await.ok();
        assert_eq!(log.as_array().unwrap().len(), 1);
    }

    async fn history_is_the_latest_oldest_first_and_without_the_message(world) {
        let line = world.line("sms").await;
        world.post("/v1/webhooks", json!({"url": "https://example.com/hook", "contextLimit": 3})).await.ok();
        for body in ["one", "two", "three", "four", "five"] {
            world.hear(ANN, &line, body).await;
        }
        let history = world.events("agent.message").await[4]["recentHistory"].clone();
        let contents: Vec<_> = history.as_array().unwrap().iter().map(|entry| word(&entry["content"])).collect();
        assert_eq!(contents, ["two", "three", "four"]);
    }

    async fn released_numbers_receive_nothing(world) {
        let line = world.line("sms").await;
        world.delete(&format!("/v1/numbers/{}", line.id)).await.ok();
        let message = json!({"from": ANN, "to": line.number, "body": "x"});
        world.hear_with(message).await.refused(404, "PHONE_NUMBER_NOT_FOUND");
        assert!(world.messages(&line).await.is_empty());
    }

    async fn a_reply_names_what_it_answers(world) {
        let line = world.line("imessage").await;
        world.listen().await;
        let bob = "+15005550110";
        let sent = world.text(&line, bob, "Coming?").await.ok()["id"].clone();
        let body = json!({"from": bob, "to": line.number, "body": "yes", "channel": "imessage", "replyToMessageId": sent});
        world.hear_with(body).await.ok();
        let reply = &world.events("agent.message").await[0]["data"]["replyTo"];
        assert_eq!(*reply, json!({"messageId": sent, "message": "Coming?", "mediaUrls": []}));
    }

    async fn senders_keep_what_no_rule_covers(world) {
        let line = world.line("sms").await;
        for (from, shown) in [("262966", "262966"), ("AMAZON", "AMAZON"), ("Bob@Example.com", "bob@example.com")] {
            let id = world.hear(from, &line, "x").await;
            assert_eq!(world.message(&line, &json!(id)).await["from"], shown);
        }
    }

    async fn a_number_of_ours_writes_to_another(world) {
        let (one, two) = (world.line("sms").await, world.line("sms").await);
        world.text(&one, &two.number, "hello neighbour").await.ok();
        world.take_news().await;
        let heard = &world.messages(&two).await[0];
        assert_eq!((&heard["from"], &heard["body"]), (&json!(one.number), &json!("hello neighbour")));
        assert_eq!(world.messages(&one).await[0]["status"], "delivered");
    }

    async fn the_conversation_counts_both_ways_and_follows_the_agent(world) {
        let agent = world.agent("A").await;
        let line = world.line("sms").await;
        world.hear(ANN, &line, "before").await;
        world.post(&format!("/v1/agents/{agent}/numbers"), json!({"numberId": line.id})).await.ok();
        world.text(&line, ANN, "after").await.ok();
        let threads = world.get(&format!("/v1/agents/{agent}/conversations")).await.ok();
        let thread = &threads["data"][0];
        assert_eq!((&thread["messageCount"], &thread["lastMessagePreview"]), (&json!(2), &json!("after")));
        assert_eq!((&thread["participant"], &thread["isGroup"]), (&json!(ANN), &json!(false)));
    }

    async fn another_account_hears_and_tells_nothing(world) {
        let line = world.line("sms").await;
        let sent = world.text(&line, ANN, "secret").await.ok();
        let (_, eve) = world.add_account(None).await;
        let inbox = world.call_as(&eve, "GET", "/offhook/v1/sim/handsets/%2B15005550101/messages", None).await;
        assert_eq!(inbox.ok()["data"], json!([]));
        let fake = json!({"from": ANN, "to": line.number, "body": "x"});
        let reply = world.call_as(&eve, "POST", "/offhook/v1/sim/messages", Some(fake)).await;
        reply.refused(404, "PHONE_NUMBER_NOT_FOUND");
        let report = json!({"messageId": sent["id"], "status": "failed"});
        let reply = world.call_as(&eve, "POST", "/offhook/v1/sim/receipts", Some(report)).await;
        reply.refused(404, "NOT_FOUND");
    }
}

//! `POST /v1/messages`: every rule of contract §6.1.

use serde_json::{Value, json};

use crate::{
    texting::{ANN, word},
    world::on_both,
};

on_both! {
    async fn a_text_arrives_and_the_answer_has_every_property(world) {
        let line = world.line("sms").await;
        let mut sent = world.text(&line, "(500) 555-0101", "Hi there").await.ok();
        assert!(word(&sent["id"]).starts_with("msg_"));
        assert!(word(&sent["conversation_id"]).starts_with("conv_"));
        let landed = world.inbox(ANN).await;
        assert_eq!((&landed[0]["messageId"], &landed[0]["from"]), (&sent["id"], &json!(line.number)));
        sent["id"] = Value::Null;
        sent["conversation_id"] = Value::Null;
        assert_eq!(sent, json!({
            "id": null, "status": "sent", "channel": "sms", "from_number": line.number, "to_number": ANN,
            "conversation_id": null, "media_urls": [], "reply_to_message_id": null,
            "reply_parent_unresolved": null,
        }));
        assert_eq!(world.bodies(ANN).await, ["Hi there"]);
    }

    async fn the_sender_is_the_number_then_its_id_then_the_agents_first(world) {
        let agent = world.agent("A").await;
        let (one, two) = (world.line("sms").await, world.line("sms").await);
        let send = async |body: Value| {
            let mut body = body;
            body["to_number"] = json!(ANN);
            body["body"] = json!("x");
            world.post("/v1/messages", body).await
        };
        send(json!({"agent_id": agent})).await.refused(400, "BAD_REQUEST");
        for line in [&two, &one] {
            world.post(&format!("/v1/agents/{agent}/numbers"), json!({"numberId": line.id})).await.ok();
        }
        assert_eq!(send(json!({"agent_id": agent})).await.ok()["from_number"], two.number);
        assert_eq!(send(json!({"agent_id": agent, "number_id": one.id})).await.ok()["from_number"], one.number);
        let all = json!({"agent_id": "agt_x", "number_id": one.id, "from_number": two.number});
        assert_eq!(send(all).await.ok()["from_number"], two.number);
        send(json!({"agent_id": "agt_x"})).await.refused(404, "NOT_FOUND");
        send(json!({"number_id": "num_x"})).await.refused(404, "PHONE_NUMBER_NOT_FOUND");
        send(json!({"from_number": "+14155550199"})).await.refused(404, "PHONE_NUMBER_NOT_FOUND");
        world.delete(&format!("/v1/numbers/{}", two.id)).await.ok();
        send(json!({"number_id": two.id})).await.refused(400, "BAD_REQUEST");
        send(json!({"from_number": two.number})).await.refused(400, "BAD_REQUEST");
        assert_eq!(send(json!({"agent_id": agent})).await.ok()["from_number"], one.number);
    }

    async fn anothers_sender_does_not_exist(world) {
        let line = world.line("sms").await;
        let (_, eve) = world.add_account(None).await;
        let body = json!({"from_number": line.number, "to_number": ANN, "body": "x"});
        let reply = world.call_as(&eve, "POST", "/v1/messages", Some(body)).await;
        reply.refused(404, "PHONE_NUMBER_NOT_FOUND");
        let body = json!({"number_id": line.id, "to_number": ANN, "body": "x"});
        world.call_as(&eve, "POST", "/v1/messages", Some(body)).await.refused(404, "PHONE_NUMBER_NOT_FOUND");
    }

    async fn what_does_not_fit_is_a_422_that_names_the_field(world) {
        let line = world.line("sms").await;
        let send = async |changes: Value| {
            let mut body = json!({"number_id": line.id, "to_number": ANN, "body": "x"});
            for (name, value) in changes.as_object().unwrap() {
                body[name] = value.clone();
            }
            world.post("/v1/messages", body).await
        };
        for (changes, loc, kind) in [
            (json!({"number_id": null}), "body.agent_id", "value_error"),
            (json!({"to_number": null}), "body.to_number", "value_error"),
            (json!({"recipients": [ANN, "+15005550102"]}), "body.recipients", "value_error"),
            (json!({"to_number": "nobody"}), "body.to_number", "value_error"),
            (json!({"to_number": 7}), "body.to_number", "string_type"),
            (json!({"from_number": "4155550100"}), "body.from_number", "value_error"),
            (json!({"body": ""}), "body.body", "value_error"),
            (json!({"body": " \n"}), "body.body", "value_error"),
            (json!({"body": null}), "body.body", "value_error"),
            (json!({"channel": "sms"}), "body.channel", "literal_error"),
            (json!({"send_style": "glitter"}), "body.send_style", "literal_error"),
            (json!({"media_urls": []}), "body.media_urls", "too_short"),
            (json!({"media_url": "https://a.example", "media_urls": ["https://b.example"]}), "body.media_url", "value_error"),
            (json!({"media_urls": vec!["https://a.example"; 21]}), "body.media_urls", "too_long"),
            (json!({"media_urls": ["nowhere"]}), "body.media_urls[0]", "value_error"),
            (json!({"body": "x".repeat(1601)}), "body.body", "string_too_long"),
            (json!({"buttons": ["A"]}), "body.channel", "value_error"),
            (json!({"channel": "whatsapp", "buttons": []}), "body.buttons", "too_short"),
            (json!({"channel": "whatsapp", "buttons": ["A", "B", "C", "D"]}), "body.buttons", "too_long"),
            (json!({"channel": "whatsapp", "buttons": ["x".repeat(21)]}), "body.buttons.0", "string_too_long"),
            (json!({"channel": "whatsapp", "cta": {"display_text": "Go", "url": "http://a.example"}}), "body.cta.url", "string_pattern_mismatch"),
            (json!({"channel": "whatsapp", "template": {}}), "body.template.name", "missing"),
            (json!({"channel": "whatsapp", "template": {"name": "t", "variables": "x"}}), "body.template.variables", "value_error"),
            (json!({"channel": "whatsapp", "list": {"rows": []}}), "body.list.rows", "too_short"),
            (json!({"channel": "whatsapp", "buttons": ["A"], "template": {"name": "t"}}), "body.template", "value_error"),
            (json!({"channel": "whatsapp", "cta": {"display_text": "Go", "url": "https://a.example"}, "media_urls": ["https://a.example"]}), "body.cta", "value_error"),
        ] {
            let faults = send(changes.clone()).await.faults();
            assert_eq!(faults, [(loc.to_owned(), kind.to_owned())], "{changes}");
        }
        let rows = |count| vec![json!({"id": "a", "title": "A"}); count];
        let list = json!({"channel": "whatsapp", "list": {"button": "B", "sections": [{"rows": rows(6)}, {"rows": rows(5)}]}});
        send(list).await.fault("body.list.rows", "too_long");
        assert!(world.messages(&line).await.is_empty());
    }

    async fn the_longest_text_leaves_and_counts_its_segments(world) {
        let line = world.line("sms").await;
        let sent = world.text(&line, ANN, &"x".repeat(1600)).await.ok();
        let id = offhook_model::id::MessageId::from(word(&sent["id"]));
        let stored = world.app.store().message(&world.account, &id).await.unwrap().unwrap();
        assert_eq!(stored.segments, 11);
    }

    async fn nobody_writes_to_emergency_and_premium_numbers(world) {
        let line = world.line("sms").await;
        for to in ["911", "+1 988", "112", "+19005550100", "1-212-976-1234", "411"] {
            world.text(&line, to, "x").await.refused(403, "FORBIDDEN");
        }
        let group = json!({"number_id": line.id, "recipients": [ANN, "911"], "body": "x"});
        world.post("/v1/messages", group).await.refused(403, "FORBIDDEN");
        assert_eq!(world.text(&line, "262966", "x").await.ok()["to_number"], "262966");
        assert!(world.messages(&line).await.len() == 1);
    }

    async fn the_line_and_the_recipient_decide_the_channel(world) {
        let (sms, imessage) = (world.line("sms").await, world.line("imessage").await);
        let channel = async |line, to| world.text(line, to, "x").await.ok()["channel"].clone();
        assert_eq!(channel(&sms, ANN).await, "sms");
        assert_eq!(channel(&sms, "+15005550110").await, "sms");
        assert_eq!(channel(&imessage, "+15005550110").await, "imessage");
        assert_eq!(channel(&imessage, ANN).await, "sms");
        assert_eq!(channel(&imessage, "Bob@Example.com").await, "imessage");
        assert_eq!(world.bodies("bob@example.com").await, ["x"]);
        world.text(&sms, "bob@example.com", "x").await.refused(400, "BAD_REQUEST");
        world.tell(ANN, json!({"imessage": true})).await;
        assert_eq!(channel(&imessage, ANN).await, "imessage");
    }

    async fn effects_arrive_by_imessage_and_are_dropped_elsewhere(world) {
        let line = world.line("imessage").await;
        for (to, style) in [("+15005550110", json!("lasers")), (ANN, Value::Null)] {
            let body = json!({"number_id": line.id, "to_number": to, "body": "x", "send_style": "lasers"});
            world.post("/v1/messages", body).await.ok();
            assert_eq!(world.inbox(to).await[0]["sendStyle"], style);
        }
    }

    async fn a_reply_refers_inside_its_thread_only(world) {
        let line = world.line("imessage").await;
        let (bob, carl) = ("+15005550110", "+15005550111");
        let first = world.text(&line, bob, "one").await.ok()["id"].clone();
        let reply = async |to: &str, id: &Value| {
            let body = json!({"number_id": line.id, "to_number": to, "body": "re", "reply_to_message_id": id});
            world.post("/v1/messages", body).await
        };
        let sent = reply(bob, &first).await.ok();
        assert_eq!((&sent["reply_to_message_id"], &sent["reply_parent_unresolved"]), (&first, &json!(false)));
        let landed = world.inbox(bob).await;
        assert_eq!(landed[1]["replyTo"], landed[0]["externalId"]);
        let sent = reply(carl, &first).await.ok();
        assert_eq!((&sent["reply_to_message_id"], &sent["reply_parent_unresolved"]), (&first, &json!(true)));
        assert_eq!(world.inbox(carl).await[0]["replyTo"], Value::Null);
        assert_eq!(reply(ANN, &first).await.ok()["reply_parent_unresolved"], true);
        let detail = reply(bob, &json!("msg_x")).await.refused(404, "NOT_FOUND");
        assert_eq!(detail, "Reply target not found.");
    }

    async fn sms_and_imessage_share_a_thread_other_people_do_not(world) {
        let line = world.line("imessage").await;
        let thread = async |to: &str| world.text(&line, to, "x").await.ok()["conversation_id"].clone();
        let ann = thread(ANN).await;
        world.tell(ANN, json!({"imessage": true})).await;
        assert_eq!(thread("500-555-0101").await, ann);
        assert_ne!(thread("+15005550102").await, ann);
        let heard = world.hear(ANN, &line, "hello").await;
        assert_eq!(world.message(&line, &json!(heard)).await["conversationId"], ann);
        let other = world.line("sms").await;
        assert_ne!(world.text(&other, ANN, "x").await.ok()["conversation_id"], ann);
    }
}

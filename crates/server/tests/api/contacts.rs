//! The address book (contract §9).

use serde_json::{Value, json};

use crate::world::{World, on_both};

async fn contact(world: &World, number: &str, name: &str) -> Value {
    let reply = world.post("/v1/contacts", json!({"phoneNumber": number, "name": name})).await;
    assert_eq!(reply.status, 201, "{:#}", reply.body);
    reply.body
}

fn path(contact: &Value) -> String {
    format!("/v1/contacts/{}", contact["id"].as_str().unwrap())
}

fn names(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|contact| contact["name"].as_str().unwrap()).collect()
}

on_both! {
    async fn a_new_contact_has_every_property(world) {
        let body = json!({"phoneNumber": " (415) 555-9876 ", "name": " Ada ", "email": "ada@example.com", "notes": ""});
        let reply = world.post("/v1/contacts", body).await;
        assert_eq!(reply.status, 201);
        let made = reply.body;
        assert!(made["id"].as_str().unwrap().starts_with("ct_"));
        assert_eq!(made["createdAt"], made["updatedAt"]);
        assert_eq!(made, json!({
            "id": made["id"], "phoneNumber": "+14155559876", "name": "Ada", "email": "ada@example.com",
            "notes": "", "createdAt": made["createdAt"], "updatedAt": made["updatedAt"],
        }));
        assert_eq!(world.get(&path(&made)).await.ok(), made);
        assert_eq!(world.get("/v1/contacts").await.ok(), json!({"data": [made], "hasMore": false, "total": 1}));
    }

    async fn a_number_has_one_contact_per_account(world) {
        contact(&world, "+14155559876", "Ada").await;
        let again = json!({"phoneNumber": "1 415 555 9876", "name": "Bob"});
        world.post("/v1/contacts", again.clone()).await.refused(409, "CONFLICT");
        let other = contact(&world, "+14155559877", "Eve").await;
        world.patch(&path(&other), json!({"phoneNumber": "+14155559876"})).await.refused(409, "CONFLICT");
        world.patch(&path(&other), json!({"phoneNumber": "415-555-9877"})).await.ok();
        let (_, key) = world.add_account(None).await;
        assert_eq!(world.call_as(&key, "POST", "/v1/contacts", Some(again)).await.status, 201);
    }

    async fn parallel_creates_of_one_number_make_one_contact(world) {
        let body = json!({"phoneNumber": "+14155559876", "name": "Ada"});
        let posts = (0..8).map(|_| world.post("/v1/contacts", body.clone()));
        let statuses: Vec<_> = futures::future::join_all(posts).await.into_iter().map(|r| r.status.as_u16()).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
    }

    async fn unusable_fields_are_named_all_at_once(world) {
        assert_eq!(world.post("/v1/contacts", json!({"email": 7})).await.faults(), [
            ("body.phoneNumber".to_owned(), "missing".to_owned()),
            ("body.name".to_owned(), "missing".to_owned()),
            ("body.email".to_owned(), "string_type".to_owned()),
        ]);
        for number in ["bob", "911", "", "+1", "+1415555", "12345678901234567"] {
            let body = json!({"phoneNumber": number, "name": "Ada"});
            world.post("/v1/contacts", body).await.fault("body.phoneNumber", "value_error");
        }
        for (field, longest, number) in [
            ("name", 200, "+14155550001"),
            ("email", 320, "+14155550002"),
            ("notes", 10_000, "+14155550003"),
        ] {
            let mut body = json!({"phoneNumber": "+14155559876", "name": "Ada"});
            body[field] = "x".repeat(longest + 1).into();
            world.post("/v1/contacts", body.clone()).await.fault(&format!("body.{field}"), "string_too_long");
            body[field] = "x".repeat(longest).into();
            body["phoneNumber"] = number.into();
            assert_eq!(world.post("/v1/contacts", body).await.status, 201, "{field}");
        }
        let blank = json!({"phoneNumber": "+14155559876", "name": "  "});
        world.post("/v1/contacts", blank).await.fault("body.name", "string_too_short");
    }

    async fn null_clears_mail_and_notes_and_leaves_number_and_name(world) {
        let body = json!({"phone_number": "+14155559876", "name": "Ada", "email": "a@b.co", "notes": "n"});
        let made = world.post("/v1/contacts", body).await.body;
        let unchanged = world.patch(&path(&made), json!({"phoneNumber": null, "name": null})).await.ok();
        assert_eq!((&unchanged["phoneNumber"], &unchanged["name"]), (&made["phoneNumber"], &made["name"]));
        assert_eq!((&unchanged["email"], &unchanged["notes"]), (&json!("a@b.co"), &json!("n")));
        let cleared = world.patch(&path(&made), json!({"email": null, "notes": null})).await.ok();
        assert_eq!((&cleared["email"], &cleared["notes"]), (&Value::Null, &Value::Null));
        assert!(cleared["updatedAt"].as_str() > made["updatedAt"].as_str());
        assert_eq!(cleared["createdAt"], made["createdAt"]);
        let renamed = world.patch(&path(&made), json!({"name": "Bea", "phoneNumber": "4155559877"})).await.ok();
        assert_eq!((&renamed["name"], &renamed["phoneNumber"]), (&json!("Bea"), &json!("+14155559877")));
        assert_eq!(world.get(&path(&made)).await.ok(), renamed);
    }

    async fn a_deleted_contact_is_gone_and_its_number_free(world) {
        let made = contact(&world, "+14155559876", "Ada").await;
        let reply = world.delete(&path(&made)).await;
        assert_eq!((reply.status.as_u16(), reply.body), (204, json!("")));
        world.get(&path(&made)).await.refused(404, "NOT_FOUND");
        world.patch(&path(&made), json!({})).await.refused(404, "NOT_FOUND");
        world.delete(&path(&made)).await.refused(404, "NOT_FOUND");
        contact(&world, "+14155559876", "Ada").await;
    }

    async fn lists_are_searched_by_name_and_number_in_any_case(world) {
        for (number, name) in [
            ("+14155550001", "Ada Byron"),
            ("+14155550002", "ÅSA 100%"),
            ("+12125550003", "bob_smith"),
        ] {
            contact(&world, number, name).await;
        }
        for (search, found) in [
            ("", vec!["bob_smith", "ÅSA 100%", "Ada Byron"]),
            ("BYRON", vec!["Ada Byron"]),
            ("%C3%A5sa", vec!["ÅSA 100%"]),
            ("415555", vec!["ÅSA 100%", "Ada Byron"]),
            ("%2B1212", vec!["bob_smith"]),
            ("%25", vec!["ÅSA 100%"]),
            ("_", vec!["bob_smith"]),
            ("!", vec![]),
            ("smith%0A", vec!["bob_smith"]),
        ] {
            let page = world.get(&format!("/v1/contacts?search={search}")).await.ok();
            assert_eq!(names(&page), found, "{search}");
            assert_eq!(page["total"], found.len());
        }
    }

    async fn pages_are_fifty_long_and_at_most_two_hundred(world) {
        for at in 0..51 {
            contact(&world, &format!("+1415555{at:04}"), "Ada").await;
        }
        let first = world.get("/v1/contacts").await.ok();
        assert_eq!((first["data"].as_array().unwrap().len(), &first["hasMore"]), (50, &json!(true)));
        let second = world.get("/v1/contacts?limit=200&offset=50").await.ok();
        assert_eq!((second["data"].as_array().unwrap().len(), &second["hasMore"]), (1, &json!(false)));
        assert_eq!(second["total"], 51);
        world.get("/v1/contacts?limit=201").await.fault("query.limit", "less_than_equal");
        world.get("/v1/contacts?limit=0").await.fault("query.limit", "greater_than_equal");
        world.get("/v1/contacts?offset=-1").await.fault("query.offset", "greater_than_equal");
    }
}

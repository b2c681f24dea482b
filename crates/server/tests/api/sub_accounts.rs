//! Sub-accounts (contract §12).

use std::time::Duration;

use axum::body::Body;
use http::{Request, header};
use serde_json::{Value, json};

use crate::world::{Reply, World, on_both};

async fn narrowed(world: &World, sub: &str, method: &str, path: &str, body: Value) -> Reply {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", world.key))
        .header("x-sub-account-id", sub);
    world.send(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn create(world: &World, name: &str) -> String {
    world.post("/v1/sub-accounts", json!({"name": name})).await.ok()["id"].as_str().unwrap().to_owned()
}

on_both! {
    async fn they_are_made_listed_renamed_and_deleted(world) {
        let first = world.post("/v1/sub-accounts", json!({"name": " Client A "})).await.ok();
        assert!(first["id"].as_str().unwrap().starts_with("sub_"));
        assert_eq!(first["name"], "Client A");
        assert_eq!(first["createdAt"], first["updatedAt"]);
        assert!(!first.as_object().unwrap().contains_key("stats"));
        let second = create(&world, "Client B").await;
        let list = world.get("/v1/sub-accounts").await.ok();
        assert_eq!((&list["total"], &list["hasMore"]), (&json!(2), &json!(false)));
        assert_eq!(list["data"][0]["id"], json!(second));
        assert_eq!(list["data"][1], first);
        let path = format!("/v1/sub-accounts/{}", first["id"].as_str().unwrap());
        let renamed = world.patch(&path, json!({"name": "C"})).await.ok();
        assert_eq!(renamed["name"], "C");
        assert_ne!(renamed["updatedAt"], first["updatedAt"]);
        assert_eq!(world.delete(&path).await.ok(), json!({"success": true}));
        for reply in [world.patch(&path, json!({"name": "D"})).await, world.delete(&path).await] {
            assert_eq!(reply.refused(404, "NOT_FOUND"), "Sub-account not found");
        }
        assert_eq!(world.get("/v1/sub-accounts").await.ok()["total"], 1);
    }

    async fn names_have_1_to_100_characters(world) {
        let path = format!("/v1/sub-accounts/{}", create(&world, "A").await);
        for (name, kind) in [
            (json!(""), "string_too_short"), (json!("  "), "string_too_short"),
            (json!("x".repeat(101)), "string_too_long"), (json!(7), "string_type"), (json!(null), "string_type"),
        ] {
            world.post("/v1/sub-accounts", json!({"name": name})).await.fault("body.name", kind);
            world.patch(&path, json!({"name": name})).await.fault("body.name", kind);
        }
        for name in ["x".to_owned(), "é".repeat(100)] {
            world.post("/v1/sub-accounts", json!({"name": name})).await.ok();
        }
        world.post("/v1/sub-accounts", json!({})).await.fault("body.name", "missing");
    }

    async fn the_list_is_whole_unless_a_page_is_asked_for(world) {
        for n in 0..22 {
            create(&world, &n.to_string()).await;
        }
        assert_eq!(world.get("/v1/sub-accounts").await.ok()["data"].as_array().unwrap().len(), 22);
        let page = world.get("/v1/sub-accounts?limit=20&offset=20").await.ok();
        assert_eq!((page["data"].as_array().unwrap().len(), &page["hasMore"]), (2, &json!(false)));
        assert_eq!(world.get("/v1/sub-accounts?limit=1").await.ok()["hasMore"], true);
        world.get("/v1/sub-accounts?limit=101").await.fault("query.limit", "less_than_equal");
        world.get("/v1/sub-accounts?limit=0").await.fault("query.limit", "greater_than_equal");
        for (days, kind) in [("0", "greater_than_equal"), ("366", "less_than_equal"), ("x", "int_parsing")] {
            world.get(&format!("/v1/sub-accounts?stats_days={days}")).await.fault("query.stats_days", kind);
        }
        let with = world.get("/v1/sub-accounts?statsDays=365&limit=1").await.ok();
        assert_eq!(with["data"][0]["stats"], json!({"messages": 0, "calls": 0}));
    }

    async fn the_header_makes_no_difference_here(world) {
        let sub = create(&world, "A").await;
        assert_eq!(narrowed(&world, &sub, "GET", "/v1/sub-accounts", json!({})).await.ok()["total"], 1);
        let nobody = narrowed(&world, "sub_nobody", "POST", "/v1/sub-accounts", json!({"name": "B"})).await;
        nobody.ok();
        assert_eq!(world.get("/v1/sub-accounts").await.ok()["total"], 2);
    }

    async fn they_have_none_of_their_own_and_no_stranger_sees_them(world) {
        let sub = create(&world, "A").await;
        let (_, child_key) = world.add_account(Some(&world.account)).await;
        let nested = world.call_as(&child_key, "POST", "/v1/sub-accounts", Some(json!({"name": "B"}))).await;
        nested.refused(400, "BAD_REQUEST");
        let (_, stranger) = world.add_account(None).await;
        for key in [&stranger, &child_key] {
            assert_eq!(world.call_as(key, "GET", "/v1/sub-accounts", None).await.ok()["total"], 0);
            let path = format!("/v1/sub-accounts/{sub}");
            world.call_as(key, "DELETE", &path, None).await.refused(404, "NOT_FOUND");
        }
    }

    async fn what_belongs_to_one_is_seen_only_there(world) {
        let (a, b) = (create(&world, "A").await, create(&world, "B").await);
        let agent = narrowed(&world, &a, "POST", "/v1/agents", json!({"name": "A's"})).await.ok();
        let path = format!("/v1/agents/{}", agent["id"].as_str().unwrap());
        narrowed(&world, &a, "GET", &path, json!({})).await.ok();
        narrowed(&world, &b, "GET", &path, json!({})).await.refused(404, "NOT_FOUND");
        world.get(&path).await.refused(404, "NOT_FOUND");
    }

    async fn one_that_holds_numbers_stays(world) {
        let sub = create(&world, "A").await;
        let path = format!("/v1/sub-accounts/{sub}");
        let number = narrowed(&world, &sub, "POST", "/v1/numbers", json!({})).await.ok();
        let detail = world.delete(&path).await.refused(409, "CONFLICT");
        assert_eq!(detail, "The sub-account holds 1 active phone number. Release them first.");
        let release = format!("/v1/numbers/{}", number["id"].as_str().unwrap());
        narrowed(&world, &sub, "DELETE", &release, json!({})).await.ok();
        world.delete(&path).await.ok();
        let gone = narrowed(&world, &sub, "GET", &release, json!({})).await;
        assert_eq!(gone.refused(404, "NOT_FOUND"), "Sub-account not found", "history is out of reach");
    }

    async fn stats_count_the_messages_of_so_many_days(world) {
        let (busy, idle) = (create(&world, "A").await, create(&world, "B").await);
        let line = narrowed(&world, &busy, "POST", "/v1/numbers", json!({})).await.ok();
        let text = json!({"from": "+15005550101", "to": line["phoneNumber"], "body": "Hello"});
        narrowed(&world, &busy, "POST", "/offhook/v1/sim/messages", text).await.ok();
        let stats = async |days: u32| {
            let list = world.get(&format!("/v1/sub-accounts?stats_days={days}")).await.ok();
            let row = |id: &str| list["data"].as_array().unwrap().iter().find(|row| row["id"] == id).cloned().unwrap();
            (row(&busy)["stats"].clone(), row(&idle)["stats"].clone())
        };
        let none = json!({"messages": 0, "calls": 0});
        assert_eq!(stats(1).await, (json!({"messages": 1, "calls": 0}), none.clone()));
        world.advance(Duration::from_secs(24 * 3_600));
        assert_eq!(stats(1).await, (none.clone(), none));
        assert_eq!(stats(2).await.0["messages"], 1);
    }
}

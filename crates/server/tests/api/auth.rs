//! Keys and sub-accounts (contract §0.2, §0.3).

use std::time::Duration;

use axum::body::Body;
use http::{Request, header};
use serde_json::json;

use crate::world::{Reply, World, on_both};

async fn with_headers(world: &World, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::get("/v1/agents");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

on_both! {
    async fn without_a_valid_key_there_is_nothing(world) {
        for headers in [
            vec![],
            vec![("authorization", "")],
            vec![("authorization", "Bearer")],
            vec![("authorization", "Bearer ")],
            vec![("authorization", "Basic dXNlcjpwYXNz")],
            vec![("authorization", "Bearer sk_live_unknown")],
        ] {
            let reply = with_headers(&world, &headers).await;
            assert_eq!(reply.headers[header::WWW_AUTHENTICATE], "Bearer");
            reply.refused(401, "UNAUTHORIZED");
        }
        let bearer = format!("bearer {}", world.key);
        with_headers(&world, &[("authorization", &bearer)]).await.ok();
    }

    async fn a_revoked_key_no_longer_works(world) {
        let keys = world.app.store().api_keys(&world.account).await.unwrap();
        world.app.store().revoke_api_key(&world.account, &keys[0].id, world.app.now()).await.unwrap();
        world.get("/v1/agents").await.refused(401, "UNAUTHORIZED");
    }

    async fn a_key_in_use_ends_within_a_second_of_its_revocation(world) {
        let store = world.app.store();
        world.get("/v1/agents").await.ok();
        let keys = store.api_keys(&world.account).await.unwrap();
        store.revoke_api_key(&world.account, &keys[0].id, world.app.now()).await.unwrap();
        world.advance(Duration::from_secs(1));
        world.get("/v1/agents").await.refused(401, "UNAUTHORIZED");
    }

    async fn the_header_narrows_to_a_child_account_only(world) {
        let (child, child_key) = world.add_account(Some(&world.account)).await;
        let (stranger, _) = world.add_account(None).await;
        let bearer = format!("Bearer {}", world.key);
        world.agent("parent's").await;
        let sub = |id: &str| vec![("authorization", bearer.clone()), ("x-sub-account-id", id.to_owned())];
        let ask = async |headers: Vec<(&str, String)>| {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            with_headers(&world, &headers).await
        };
        assert_eq!(ask(sub(child.as_str())).await.ok()["total"], 0, "a child sees its own things only");
        assert_eq!(ask(sub("")).await.ok()["total"], 1, "an empty header is none");
        for foreign in [stranger.as_str(), world.account.as_str(), "20", "sub_nobody"] {
            let detail = ask(sub(foreign)).await.refused(404, "NOT_FOUND");
            assert_eq!(detail, "Sub-account not found");
        }
        world.call_as(&child_key, "POST", "/v1/agents", Some(json!({"name": "child's"}))).await.ok();
        assert_eq!(ask(sub(child.as_str())).await.ok()["data"][0]["name"], "child's");
        assert_eq!(world.get("/v1/agents").await.ok()["total"], 1);
    }
}

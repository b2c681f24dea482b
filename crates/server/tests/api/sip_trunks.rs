//! SIP trunks: kept, shown, given new passwords.

use md5::{Digest, Md5};
use offhook_server::Settings;
use serde_json::{Value, json};

use crate::world::{World, on_both, on_both_with};

/// A new trunk's path and what was answered.
async fn trunk(world: &World) -> (String, Value) {
    let made = world.call("POST", "/v1/sip-trunks", None).await.ok();
    (format!("/v1/sip-trunks/{}", made["id"].as_str().unwrap()), made)
}

fn with_uris(uris: Value) -> Value {
    json!({"origination": {"uris": uris}})
}

on_both! {
    async fn a_new_trunk_has_every_property(world) {
        let (path, made) = trunk(&world).await;
        let mut plain = made.clone();
        let credential = &made["credentials"][0];
        let (user, password) = (credential["username"].as_str().unwrap(), credential["password"].as_str().unwrap());
        assert!(made["id"].as_str().unwrap().starts_with("trunk_") && password.len() == 32);
        assert!(made["name"].as_str().unwrap().starts_with("trunk-"));
        for volatile in ["id", "name", "createdAt"] {
            plain[volatile] = Value::Null;
        }
        assert_eq!(plain, json!({
            "id": null, "name": null, "provider": "offhook", "encrypted": true, "transport": "tls",
            "mediaEncryption": "srtp", "transfers": "all", "transferCallerId": "transferee",
            "terminationSipUri": "sip:127.0.0.1:5060", "originationUris": [], "allowedIps": [],
            "proxyIps": ["127.0.0.1"],
            "credentials": [{
                "username": user, "password": password, "passwordLast4": &password[28..],
                "credentialListName": "default",
            }],
            "createdAt": null,
        }));
        let mut hidden = made.clone();
        hidden["credentials"][0]["password"] = Value::Null;
        assert_eq!(world.get(&path).await.ok(), hidden);
        assert_eq!(world.get("/v1/sip-trunks").await.ok(), json!({"data": [hidden]}));
    }

    async fn only_what_digest_needs_is_kept_of_a_password(world) {
        let (_, made) = trunk(&world).await;
        let credential = &made["credentials"][0];
        let (user, password) = (credential["username"].as_str().unwrap(), credential["password"].as_str().unwrap());
        let id = made["id"].as_str().unwrap().into();
        let stored = world.app.store().sip_trunk(&world.account, &id).await.unwrap().unwrap().credentials;
        assert_eq!(stored.ha1, hex::encode(Md5::digest(format!("{user}:{}:{password}", stored.realm))));
        assert_eq!(stored.password_last4, password[28..]);
    }

    async fn an_empty_patch_draws_a_new_password(world) {
        let (path, made) = trunk(&world).await;
        let old = &made["credentials"][0];
        for body in [None, Some(json!({})), Some(json!({"unknown": 1}))] {
            let turned = world.call("PATCH", &path, body).await.ok();
            let new = &turned["credentials"][0];
            assert_eq!(new["username"], old["username"]);
            assert!(new["password"].is_string());
            assert_ne!(new["password"], old["password"]);
            assert_eq!(world.get(&path).await.ok()["credentials"][0]["passwordLast4"], new["passwordLast4"]);
        }
        let before = world.get(&path).await.ok();
        for kept in [json!({"name": null}), json!({"transfers": "all"}), json!({"origination": null})] {
            assert_eq!(world.patch(&path, kept).await.ok(), before);
        }
    }

    async fn a_patch_changes_what_it_names(world) {
        let (path, made) = trunk(&world).await;
        let changed = world.patch(&path, json!({
            "name": "office", "transfers": "sip", "transfer_caller_id": "transferor",
            "allowed_ips": [{"cidr": "203.0.113.4", "name": "office"}, {"cidr": "2001:db8::/32"}],
            "origination": {"uris": [
                {"sip_uri": "sip:pbx.example.com:5061;transport=tls", "name": "primary", "priority": 0, "weight": 65535},
                {"sip_uri": "sips:line@198.51.100.7"},
            ]},
        })).await.ok();
        assert_eq!(changed["originationUris"], json!([
            {"sip_uri": "sip:pbx.example.com:5061;transport=tls", "name": "primary", "priority": 0, "weight": 65535},
            {"sip_uri": "sips:line@198.51.100.7", "name": null, "priority": 1, "weight": 1},
        ]));
        assert_eq!(changed["allowedIps"], json!([
            {"cidr": "203.0.113.4/32", "name": "office"}, {"cidr": "2001:db8::/32", "name": null},
        ]));
        let words = [&changed["name"], &changed["transfers"], &changed["transferCallerId"]];
        assert_eq!(words, ["office", "sip", "transferor"]);
        assert_eq!(changed["credentials"][0]["passwordLast4"], made["credentials"][0]["passwordLast4"]);
        assert_eq!(changed["credentials"][0]["password"], Value::Null);
        let emptied = world.patch(&path, with_uris(json!([]))).await.ok();
        assert_eq!((&emptied["originationUris"], &emptied["name"]), (&json!([]), &json!("office")));
        let camel = world.patch(&path, json!({"transferCallerId": "transferee"})).await.ok();
        assert_eq!(camel["transferCallerId"], "transferee");
    }

    async fn faults_are_named_and_change_nothing(world) {
        let (path, _) = trunk(&world).await;
        let before = world.get(&path).await.ok();
        for (body, loc, kind) in [
            (json!({"name": ""}), "name", "string_too_short"),
            (json!({"name": "n".repeat(101)}), "name", "string_too_long"),
            (json!({"transfers": "some"}), "transfers", "literal_error"),
            (json!({"transfer_caller_id": "me"}), "transfer_caller_id", "literal_error"),
            (json!({"origination": {}}), "origination.uris", "missing"),
            (with_uris(json!([{}])), "origination.uris.0.sip_uri", "missing"),
            (with_uris(json!([{"sip_uri": "http://a"}])), "origination.uris.0.sip_uri", "string_pattern_mismatch"),
            (with_uris(json!([{"sip_uri": "sip:a", "priority": 65536}])), "origination.uris.0.priority", "less_than_equal"),
            (with_uris(json!([{"sip_uri": "sip:a", "weight": -1}])), "origination.uris.0.weight", "greater_than_equal"),
            (with_uris(json!(vec![json!({"sip_uri": "sip:a"}); 51])), "origination.uris", "too_long"),
            (with_uris(json!([{"sip_uri": "sip:169.254.169.254"}])), "origination.uris.0.sip_uri", "value_error"),
            (json!({"allowed_ips": [{"cidr": "203.0.113.4/33"}]}), "allowed_ips.0.cidr", "string_pattern_mismatch"),
        ] {
            world.patch(&path, body).await.fault(&format!("body.{loc}"), kind);
        }
        assert_eq!(world.get(&path).await.ok(), before);
        world.patch(&path, with_uris(json!(vec![json!({"sip_uri": "sip:a"}); 50]))).await.ok();
        world.patch(&path, json!({"name": "n".repeat(100)})).await.ok();
    }

    async fn a_name_may_be_given_and_destinations_wait(world) {
        let body = json!({"name": "office", "origination": {"uris": [{"sip_uri": "sip:a"}]}});
        let made = world.post("/v1/sip-trunks", body).await.ok();
        assert_eq!((&made["name"], &made["originationUris"]), (&json!("office"), &json!([])));
    }

    async fn a_deleted_trunk_is_gone(world) {
        let (path, _) = trunk(&world).await;
        let (_, thief) = world.add_account(None).await;
        world.call_as(&thief, "DELETE", &path, None).await.refused(404, "NOT_FOUND");
        assert_eq!(world.delete(&path).await.ok(), json!({"success": true}));
        world.get(&path).await.refused(404, "NOT_FOUND");
        world.delete(&path).await.refused(404, "NOT_FOUND");
        world.patch(&path, json!({})).await.refused(404, "NOT_FOUND");
        assert_eq!(world.get("/v1/sip-trunks").await.ok(), json!({"data": []}));
    }

    async fn an_account_has_a_hundred_at_most(world) {
        for _ in 0..100 {
            trunk(&world).await;
        }
        world.post("/v1/sip-trunks", json!({})).await.refused(409, "CONFLICT");
        let (_, other) = world.add_account(None).await;
        world.call_as(&other, "POST", "/v1/sip-trunks", None).await.ok();
    }
}

fn closed(settings: &mut Settings) {
    settings.allow_private = false;
    settings.sip = "[2001:db8::5]:5070".parse().unwrap();
}

on_both_with! { closed;
    async fn the_operators_address_is_told_and_its_network_closed(world) {
        let (path, made) = trunk(&world).await;
        assert_eq!(made["terminationSipUri"], "sip:[2001:db8::5]:5070");
        assert_eq!(made["proxyIps"], json!(["2001:db8::5"]));
        for address in ["sip:127.0.0.1", "sip:pbx@10.0.0.7:5060", "sip:[::1]"] {
            let body = with_uris(json!([{"sip_uri": "sip:8.8.8.8"}, {"sip_uri": address}]));
            world.patch(&path, body).await.fault("body.origination.uris.1.sip_uri", "value_error");
        }
        world.patch(&path, with_uris(json!([{"sip_uri": "sip:8.8.8.8"}]))).await.ok();
    }
}

//! 10DLC registration: what is accepted, who owns it, what becomes of it.

use std::time::Duration;

use http::{Request, header};
use offhook_model::registration::CampaignStatus;
use serde_json::{Value, json};

use crate::{
    picture::{self, PNG},
    world::{World, on_both},
};

/// The smallest valid form, with `changes`; null leaves a field out.
pub fn form(changes: Value) -> Value {
    let mut form = json!({
        "registration_type": "sole_proprietor", "first_name": "Ada", "last_name": "Byron",
        "email": "ada@example.com", "phone_number": "+14155550123", "street_address": "1 Main St",
        "city": "Oakland", "state": "CA", "zip_code": "94607",
        "description": "Appointment reminders for customers of our repair shop.",
        "use_cases": ["customer_care"],
        "message_samples": ["Byron Repair: your visit is tomorrow at 9.", "Byron Repair: your bike is ready."],
        "consent_flow": "Customers tick a consent box when booking on our site.",
        "opt_in_image_url": picture::serve("200 OK", PNG.to_vec()),
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            form.as_object_mut().unwrap().remove(name);
        } else {
            form[name] = value.clone();
        }
    }
    form
}

/// What a company says beyond that.
fn company(changes: Value) -> Value {
    let mut more = json!({
        "registration_type": "standard_brand", "business_name": "Byron Repair LLC", "organization_type": "llc",
        "contact_title": "ceo", "ein": "12-3456789", "privacy_policy_url": "https://example.com/privacy",
        "terms_of_service_url": "https://example.com/terms",
    });
    for (name, value) in changes.as_object().unwrap() {
        more[name] = value.clone();
    }
    form(more)
}

async fn decide(world: &World, status: CampaignStatus, reason: Option<&str>) {
    let id = world.app.store().registration(&world.account).await.unwrap().unwrap().id;
    let now = world.app.now();
    let reason = reason.map(str::to_owned);
    assert!(world.app.store().decide_registration(&id, status, reason, now).await.unwrap());
}

on_both! {
    async fn a_registration_waits_and_is_shown(world) {
        let none = json!({"campaign_status": "none", "stage": null, "message": "No registration on file"});
        assert_eq!(world.get("/v1/register/status").await.ok(), none);
        world.get("/v1/register").await.refused(404, "NOT_FOUND");
        let body = form(json!({"create_sub_account": false, "state": "  CA "}));
        let made = world.post("/v1/register", body.clone()).await.ok();
        assert_eq!(made, json!({
            "ok": true, "message": "Registration submitted", "campaign_status": "pending",
            "sub_account_id": null, "fee_cents": 2500,
        }));
        let status = world.get("/v1/register/status").await.ok();
        assert_eq!((&status["campaign_status"], &status["stage"]), (&json!("pending"), &json!("in_review")));
        let shown = world.get("/v1/register").await.ok();
        for (name, value) in body.as_object().unwrap() {
            match name.as_str() {
                "create_sub_account" => assert!(shown.get(name).is_none()),
                "state" => assert_eq!(shown["state"], "CA"),
                _ => assert_eq!(&shown[name], value, "{name}"),
            }
        }
        for (name, default) in [
            ("country", json!("US")), ("planned_numbers", json!(1)), ("includes", json!([])),
            ("business_regions", json!(["usa_and_canada"])), ("website_url", Value::Null), ("volume", Value::Null),
        ] {
            assert_eq!(shown[name], default, "{name}");
        }
        assert_eq!(shown["campaign_status"], "pending");
    }

    async fn a_sub_account_is_made_for_it_unless_refused(world) {
        let made = world.post("/v1/register", form(json!({"business_name": "Byron"}))).await.ok();
        let child = made["sub_account_id"].as_str().unwrap().to_owned();
        assert!(child.starts_with("sub_"), "{child}");
        let row = world.app.store().sub_account(&world.account, &child.as_str().into()).await.unwrap().unwrap();
        assert_eq!(row.name, "Byron");
        assert_eq!(world.get("/v1/register/status").await.ok()["campaign_status"], "none");
        let of_child = |method: &str, body: Option<Value>| {
            let request = Request::builder()
                .method(method)
                .uri("/v1/register")
                .header(header::AUTHORIZATION, format!("Bearer {}", world.key))
                .header("x-sub-account-id", &child);
            world.send(request.body(body.map_or_else(String::new, |body| body.to_string()).into()).unwrap())
        };
        assert_eq!(of_child("GET", None).await.ok()["business_name"], "Byron");
        // A child has no children: the default counts as false there.
        of_child("POST", Some(form(json!({})))).await.refused(409, "CONFLICT");
        let (_, thief) = world.add_account(None).await;
        let status = world.call_as(&thief, "GET", "/v1/register/status", None).await.ok();
        assert_eq!(status["campaign_status"], "none");
    }

    async fn one_is_enough_until_it_is_rejected(world) {
        let own = || form(json!({"create_sub_account": false}));
        world.post("/v1/register", own()).await.ok();
        world.post("/v1/register", own()).await.refused(409, "CONFLICT");
        decide(&world, CampaignStatus::Approved, None).await;
        world.post("/v1/register", own()).await.refused(409, "CONFLICT");
        decide(&world, CampaignStatus::Rejected, Some("The picture shows no consent.")).await;
        let status = world.get("/v1/register/status").await.ok();
        assert_eq!(status, json!({
            "campaign_status": "rejected", "stage": "rejected", "message": "Rejected: The picture shows no consent.",
        }));
        let again = form(json!({"create_sub_account": false, "city": "Alameda"}));
        world.post("/v1/register", again).await.ok();
        let shown = world.get("/v1/register").await.ok();
        assert_eq!((&shown["city"], &shown["campaign_status"]), (&json!("Alameda"), &json!("pending")));
    }

    async fn of_parallel_submissions_one_stays(world) {
        let posts = (0..5).map(|n| {
            world.post("/v1/register", form(json!({"create_sub_account": false, "city": format!("City {n}")})))
        });
        let replies = futures::future::join_all(posts).await;
        assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
        assert!(replies.iter().all(|reply| [200, 409].contains(&reply.status.as_u16())));
    }

    async fn a_pending_one_can_be_corrected(world) {
        world.patch("/v1/register", json!({"volume": "low"})).await.refused(404, "NOT_FOUND");
        world.post("/v1/register", company(json!({"create_sub_account": false}))).await.ok();
        let changes = json!({
            "business_name": "Byron Inc", "brand_name": "Byron", "website_url": "https://example.com",
            "description": "d".repeat(40), "use_cases": ["marketing", "polling_voting"], "volume": "high",
            "message_samples": ["s".repeat(20), "s".repeat(1024)], "consent_flow": "c".repeat(40),
            "privacy_policy_url": "https://example.com/p", "terms_of_service_url": "https://example.com/t",
            "opt_in_image_url": picture::serve("200 OK", b"GIF89a012345".to_vec()),
            "includes": ["links", "phone_numbers"], "link_sample": "https://example.com/x",
        });
        let shown = world.patch("/v1/register", changes.clone()).await.ok();
        for (name, value) in changes.as_object().unwrap() {
            assert_eq!(&shown[name], value, "{name}");
        }
        assert_eq!(world.get("/v1/register").await.ok(), shown);
        assert_eq!(world.patch("/v1/register", json!({})).await.ok(), shown);
        // What another field makes necessary cannot be taken away.
        world.patch("/v1/register", json!({"link_sample": null})).await.fault("body.link_sample", "missing");
        world.patch("/v1/register", json!({"business_name": null})).await.fault("body.business_name", "missing");
        let cleared = world.patch("/v1/register", json!({"includes": [], "link_sample": null})).await.ok();
        assert_eq!((&cleared["includes"], &cleared["link_sample"]), (&json!([]), &Value::Null));
        let text = json!({"opt_in_image_url": picture::serve("200 OK", b"just some text".to_vec())});
        world.patch("/v1/register", text).await.fault("body.opt_in_image_url", "value_error");
        decide(&world, CampaignStatus::Rejected, None).await;
        let rejected = world.patch("/v1/register", json!({"volume": "low"})).await.ok();
        assert_eq!((&rejected["volume"], &rejected["campaign_status"]), (&json!("low"), &json!("rejected")));
        decide(&world, CampaignStatus::Approved, None).await;
        world.patch("/v1/register", json!({"volume": "high"})).await.refused(409, "CONFLICT");
    }

    async fn time_alone_approves_nothing(world) {
        world.post("/v1/register", form(json!({"create_sub_account": false}))).await.ok();
        world.advance(Duration::from_secs(365 * 24 * 3600));
        assert_eq!(world.get("/v1/register/status").await.ok()["campaign_status"], "pending");
    }

    async fn a_company_says_more(world) {
        for kind in ["standard_brand", "high_volume"] {
            let fee = world.post("/v1/register", company(json!({"registration_type": kind}))).await.ok();
            assert_eq!(fee["fee_cents"], if kind == "high_volume" { 7000 } else { 2500 });
            for name in [
                "business_name", "organization_type", "contact_title", "ein", "privacy_policy_url",
                "terms_of_service_url",
            ] {
                let body = company(json!({"registration_type": kind, name: null}));
                world.post("/v1/register", body).await.fault(&format!("body.{name}"), "missing");
            }
        }
        world.post("/v1/register", company(json!({"contact_title": "other"}))).await
            .fault("body.contact_title_other", "missing");
        let titled = company(json!({"contact_title": "other", "contact_title_other": "Smith"}));
        world.post("/v1/register", titled).await.ok();
        world.post("/v1/register", form(json!({"includes": ["links"]}))).await.fault("body.link_sample", "missing");
        world.post("/v1/register", form(json!({"includes": ["age_gated"]}))).await.ok();
    }
}

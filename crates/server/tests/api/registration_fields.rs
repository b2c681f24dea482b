//! Both sides of every edge of a registration's fields.

use serde_json::{Value, json};

use crate::{
    picture::{self, PNG},
    registration::form,
    world::World,
};

/// Largest picture.
const TWO_MB: usize = 2 * 1024 * 1024;

async fn fault(world: &World, name: &str, value: Value, loc: &str, kind: &str) {
    world.post("/v1/register", form(json!({name: value}))).await.fault(&format!("body.{loc}"), kind);
}

async fn fine(world: &World, name: &str, value: Value) {
    world.post("/v1/register", form(json!({name: value}))).await.ok();
}

#[tokio::test]
async fn every_required_field_is_asked_for_at_once() {
    let world = World::sqlite().await;
    let mut faults = world.post("/v1/register", json!({})).await.faults();
    faults.sort();
    let mut expected: Vec<_> = [
        "registration_type",
        "first_name",
        "last_name",
        "email",
        "phone_number",
        "street_address",
        "city",
        "state",
        "zip_code",
        "description",
        "use_cases",
        "message_samples",
        "consent_flow",
        "opt_in_image_url",
    ]
    .iter()
    .map(|name| (format!("body.{name}"), "missing".to_owned()))
    .collect();
    expected.sort();
    assert_eq!(faults, expected);
    for name in ["first_name", "last_name", "street_address", "city", "state", "zip_code"] {
        fault(&world, name, json!(" "), name, "string_too_short").await;
    }
}

#[tokio::test]
async fn lengths_and_counts_have_edges() {
    let world = World::sqlite().await;
    let sample = |chars: usize| "s".repeat(chars);
    for name in ["description", "consent_flow"] {
        fine(&world, name, json!("d".repeat(40))).await;
        fault(&world, name, json!("d".repeat(39)), name, "string_too_short").await;
    }
    fine(&world, "message_samples", json!([sample(20), sample(1024)])).await;
    fine(&world, "message_samples", json!(vec![sample(20); 5])).await;
    fault(&world, "message_samples", json!([sample(20)]), "message_samples", "too_short").await;
    fault(&world, "message_samples", json!(vec![sample(20); 6]), "message_samples", "too_long").await;
    let (short, long) = (json!([sample(20), sample(19)]), json!([sample(1025), sample(20)]));
    fault(&world, "message_samples", short, "message_samples.1", "string_too_short").await;
    fault(&world, "message_samples", long, "message_samples.0", "string_too_long").await;
    fine(&world, "use_cases", json!(vec!["marketing"; 5])).await;
    fault(&world, "use_cases", json!([]), "use_cases", "too_short").await;
    fault(&world, "use_cases", json!(vec!["marketing"; 6]), "use_cases", "too_long").await;
    fine(&world, "planned_numbers", json!(1)).await;
    fault(&world, "planned_numbers", json!(0), "planned_numbers", "greater_than_equal").await;
}

#[tokio::test]
async fn words_are_those_of_the_contract() {
    let world = World::sqlite().await;
    let words = |text: &'static str| text.split(' ');
    for word in words(
        "account_notification customer_care delivery_notification fraud_alert higher_education marketing \
         polling_voting public_service_announcement security_alert two_factor_authentication",
    ) {
        fine(&world, "use_cases", json!([word])).await;
    }
    for word in words(
        "sole_proprietor private_corporation public_corporation llc partnership non_profit co_op government",
    ) {
        fine(&world, "organization_type", json!(word)).await;
    }
    for word in words("ceo cfo cto coo vp gm director") {
        fine(&world, "contact_title", json!(word)).await;
    }
    for word in words("phone_numbers age_gated direct_lending") {
        fine(&world, "includes", json!([word])).await;
    }
    for word in words("low high") {
        fine(&world, "volume", json!(word)).await;
    }
    fault(&world, "use_cases", json!(["spam"]), "use_cases.0", "literal_error").await;
    fault(&world, "includes", json!(["spam"]), "includes.0", "literal_error").await;
    for name in ["registration_type", "organization_type", "contact_title", "volume"] {
        fault(&world, name, json!("spam"), name, "literal_error").await;
    }
}

#[tokio::test]
async fn addresses_and_numbers_are_checked() {
    let world = World::sqlite().await;
    for bad in ["14155550123", "(415) 555-0123", "+1415"] {
        fault(&world, "phone_number", json!(bad), "phone_number", "value_error").await;
    }
    for bad in ["adaexample.com", "@example.com", "ada@", "a@b@c", "a b@c.d"] {
        fault(&world, "email", json!(bad), "email", "string_pattern_mismatch").await;
    }
    fault(&world, "country", json!("USA"), "country", "string_pattern_mismatch").await;
    let shown = form(json!({"country": "ca", "create_sub_account": false}));
    world.post("/v1/register", shown).await.ok();
    assert_eq!(world.get("/v1/register").await.ok()["country"], "CA");
}

#[tokio::test]
async fn the_picture_is_one_by_its_content() {
    let world = World::sqlite().await;
    let sized = |bytes: usize| {
        let mut body = PNG.to_vec();
        body.resize(bytes, 0);
        picture::serve("200 OK", body)
    };
    for body in [PNG, b"\xff\xd8\xff\xe0....", b"GIF87a......", b"RIFF\x10\0\0\0WEBPVP8 "] {
        fine(&world, "opt_in_image_url", json!(picture::serve("200 OK", body.to_vec()))).await;
    }
    fine(&world, "opt_in_image_url", json!(sized(TWO_MB))).await;
    for bad in [
        sized(TWO_MB + 1),
        picture::serve("200 OK", b"<svg xmlns=''/>".to_vec()),
        picture::serve("200 OK", Vec::new()),
        picture::serve("404 Not Found", PNG.to_vec()),
        picture::serve("302 Found", PNG.to_vec()),
        "ftp://example.com/a.png".to_owned(),
        "not an address".to_owned(),
        "http://169.254.169.254/latest.png".to_owned(),
    ] {
        fault(&world, "opt_in_image_url", json!(bad), "opt_in_image_url", "value_error").await;
    }
}

#[tokio::test]
async fn a_private_network_stays_closed_to_pictures() {
    let world = World::sqlite_with(|settings| settings.allow_private = false).await;
    for bad in [picture::serve("200 OK", PNG.to_vec()), "https://127.0.0.1/a.png".to_owned()] {
        fault(&world, "opt_in_image_url", json!(bad), "opt_in_image_url", "value_error").await;
    }
}

#[tokio::test]
async fn a_picture_out_of_reach_does_not_hinder() {
    let world = World::sqlite().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let body = json!({"opt_in_image_url": format!("http://{nobody}/a.png"), "create_sub_account": false});
    world.post("/v1/register", form(body)).await.ok();
    let stored = world.app.store().registration(&world.account).await.unwrap().unwrap();
    assert!(!stored.image_seen);
    let seen = json!({"opt_in_image_url": picture::serve("200 OK", PNG.to_vec())});
    world.patch("/v1/register", seen).await.ok();
    assert!(world.app.store().registration(&world.account).await.unwrap().unwrap().image_seen);
}

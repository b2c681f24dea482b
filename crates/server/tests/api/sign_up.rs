//! Signing up: from an address to an account that works.

use std::path::PathBuf;

use futures::future::join_all;
use http::{Request, header};
use offhook_server::{Settings, mail::MailTransport};
use serde_json::{Value, json};

use crate::world::{Reply, World, on_both_with};

fn open(settings: &mut Settings) {
    settings.signup.enabled = true;
    settings.signup.disposable_domains = vec!["mailinator.com".to_owned()];
    let name = format!("offhook-mail-{:032x}", rand::random::<u128>());
    settings.mail.transport = MailTransport::Files(std::env::temp_dir().join(name));
}

/// Without a key, as newcomers have none.
pub async fn post(world: &World, path: &str, body: Value) -> Reply {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    world.send(request.body(body.to_string().into()).unwrap()).await
}

fn mailbox(world: &World) -> PathBuf {
    match &world.app.settings().mail.transport {
        MailTransport::Files(directory) => directory.clone(),
        other => panic!("{other:?}"),
    }
}

/// The code of a mail.
pub fn code_in(mail: &str) -> String {
    let at = mail.find("Your code is ").unwrap() + "Your code is ".len();
    mail[at..at + 6].to_owned()
}

/// Signs up; the verification and the code, read from the mail.
async fn begun(world: &World, email: &str) -> (String, String) {
    let reply = post(world, "/v0/agent/sign-up", json!({"human_email": email})).await.ok();
    let id = reply["verification_id"].as_str().unwrap().to_owned();
    let mail = std::fs::read_to_string(mailbox(world).join(format!("{id}.eml"))).unwrap();
    assert!(mail.contains(&format!("To: {}\r\n", email.to_lowercase())), "{mail}");
    (id, code_in(&mail))
}

async fn finish(world: &World, id: &str, code: &str) -> Reply {
    post(world, "/v0/agent/verify", json!({"verification_id": id, "otp_code": code})).await
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

on_both_with! { open;
    async fn an_address_becomes_an_account_that_works(world) {
        let asked = json!({"human_email": " Ada@Example.com ", "agent_name": "n".repeat(101)});
        let begun = post(&world, "/v0/agent/sign-up", asked).await.ok();
        assert_eq!(begun["human_email"], "ada@example.com");
        assert!(begun["expires_at"].as_str().unwrap().starts_with("2025-01-15T10:40:"));
        assert!(begun["message"].is_string());
        let id = begun["verification_id"].as_str().unwrap();
        let path = mailbox(&world).join(format!("{id}.eml"));
        let code = code_in(&std::fs::read_to_string(&path).unwrap());
        assert!(!begun.to_string().contains(&code), "the code travels by mail only");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);

        let body = json!({"verification_id": id, "otp_code": code, "source": "cli"});
        let made = post(&world, "/v0/agent/verify", body).await.ok();
        let key = made["api_key"].as_str().unwrap();
        assert!(made["account_id"].as_str().unwrap().starts_with("acct_"));
        let agents = world.call_as(key, "GET", "/v1/agents", None).await.ok();
        let agent = &agents["data"][0];
        assert_eq!((&agent["id"], &agents["total"]), (&made["agent_id"], &json!(1)));
        assert_eq!((&agent["voiceMode"], &agent["name"]), (&json!("hosted"), &json!("n".repeat(100))));
        assert!(!agent["systemPrompt"].as_str().unwrap().is_empty());
        let path = format!("/v1/numbers/{}", made["number_id"].as_str().unwrap());
        let number = world.call_as(key, "GET", &path, None).await.ok();
        assert_eq!((&number["phoneNumber"], &number["agentId"]), (&made["phone_number"], &made["agent_id"]));
        let me = world.call_as(key, "GET", "/auth/me", None).await.ok()["user"].clone();
        assert_eq!((&me["email"], &me["name"]), (&json!("ada@example.com"), &json!("ada")));
        let user = world.app.store().user_of(&made["account_id"].as_str().unwrap().into()).await.unwrap().unwrap();
        assert_eq!(user.source.as_deref(), Some("cli"));
        std::fs::remove_dir_all(mailbox(&world)).unwrap();
    }

    async fn an_address_has_one_account(world) {
        let (one, code) = begun(&world, "ada@example.com").await;
        let (two, other) = begun(&world, "ADA@example.com").await;
        finish(&world, &one, &code).await.ok();
        finish(&world, &two, &other).await.refused(409, "CONFLICT");
        let again = json!({"human_email": "Ada@example.com"});
        post(&world, "/v0/agent/sign-up", again).await.refused(409, "CONFLICT");
        finish(&world, &one, &code).await.refused(400, "BAD_REQUEST");
        std::fs::remove_dir_all(mailbox(&world)).unwrap();
    }

    async fn of_parallel_right_codes_one_makes_the_account(world) {
        let (id, code) = begun(&world, "ada@example.com").await;
        let (twin, other) = begun(&world, "ada@example.com").await;
        let tries = (0..8).map(|n| if n % 2 == 0 { finish(&world, &id, &code) } else { finish(&world, &twin, &other) });
        let replies = join_all(tries).await;
        let made: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(made.len(), 1, "{replies:#?}");
        assert!(replies.iter().all(|reply| [200, 400, 409].contains(&reply.status.as_u16())), "{replies:#?}");
        // What the others bought was given back.
        let (first, last) = ("+12000000000".parse().unwrap(), "+19999999999".parse().unwrap());
        let held = world.app.store().held_numbers(&first, &last).await.unwrap();
        assert_eq!(held.iter().map(|number| json!(number)).collect::<Vec<_>>(), [made[0].body["phone_number"].clone()]);
        std::fs::remove_dir_all(mailbox(&world)).unwrap();
    }

    async fn wrong_codes_are_counted_and_old_ones_refused(world) {
        let (id, code) = begun(&world, "ada@example.com").await;
        let bad = wrong(&code);
        for _ in 0..3 {
            assert!(finish(&world, &id, &bad).await.refused(400, "BAD_REQUEST").contains("wrong"));
        }
        assert!(finish(&world, &id, &code).await.refused(400, "BAD_REQUEST").contains("Too many"));
        let (id, code) = begun(&world, "ada@example.com").await;
        world.advance(std::time::Duration::from_secs(600));
        assert!(finish(&world, &id, &code).await.refused(400, "BAD_REQUEST").contains("expired"));
        finish(&world, "ver_x", "123456").await.refused(404, "NOT_FOUND");
        assert!(!world.app.store().is_user("ada@example.com").await.unwrap());
        std::fs::remove_dir_all(mailbox(&world)).unwrap();
    }

    async fn addresses_are_checked(world) {
        let sign_up = |email: &str| post(&world, "/v0/agent/sign-up", json!({"human_email": email}));
        sign_up("a@b.c").await.fault("body.human_email", "string_too_short");
        sign_up("aa@b.c").await.ok();
        let long = format!("{}@example.com", "a".repeat(188));
        assert_eq!(long.len(), 200);
        sign_up(&long).await.ok();
        sign_up(&format!("a{long}")).await.fault("body.human_email", "string_too_long");
        for bad in ["example.com", "@example.com", "ada@@example.com", "a b@example.com", "a@example.com\r\nBcc: b@c.d"] {
            sign_up(bad).await.fault("body.human_email", "string_pattern_mismatch");
        }
        for bad in ["ada@mailinator.com", "ada@x.Mailinator.com"] {
            sign_up(bad).await.fault("body.human_email", "value_error");
        }
        post(&world, "/v0/agent/sign-up", json!({})).await.fault("body.human_email", "missing");
        let mut faults = post(&world, "/v0/agent/verify", json!({})).await.faults();
        faults.sort();
        assert_eq!(faults.len(), 2);
        std::fs::remove_dir_all(mailbox(&world)).unwrap();
    }
}

fn prepaid(settings: &mut Settings) {
    open(settings);
    settings.billing = true;
    settings.signup.credit_micros = 5_000_000;
}

on_both_with! { prepaid;
    async fn a_newcomer_has_credit_and_owes_the_first_month(world) {
        let (id, code) = begun(&world, "ada@example.com").await;
        let made = finish(&world, &id, &code).await.ok();
        let account = made["account_id"].as_str().unwrap().into();
        let left = world.app.store().balance(&account).await.unwrap().unwrap().micros;
        assert_eq!(left, 2_000_000, "five, less three for the number");
        std::fs::remove_dir_all(mailbox(&world)).unwrap();
    }
}

#[tokio::test]
async fn nobody_signs_up_where_it_is_closed() {
    let world = World::sqlite().await;
    let body = json!({"human_email": "ada@example.com"});
    post(&world, "/v0/agent/sign-up", body).await.refused(403, "FORBIDDEN");
    finish(&world, "ver_x", "123456").await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn an_account_without_an_owner_is_named_after_itself() {
    let world = World::sqlite().await;
    let me = world.get("/auth/me").await.ok();
    assert_eq!(me, json!({"user": {"id": world.account, "email": null, "name": "Test"}}));
}

//! Mail over SMTP, to a mail server of the test's own.

use std::sync::{Arc, Mutex};

use offhook_server::mail::{MailTransport, Smtp, SmtpTls};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{
    sign_up::{code_in, post},
    world::World,
};

/// What a mail server heard, line by line.
type Heard = Arc<Mutex<Vec<String>>>;

/// A mail server on loopback that takes everything, or refuses every recipient.
async fn mail_server(refuses: bool) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let lines = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&lines), refuses));
        }
    });
    (port, heard)
}

async fn converse(stream: TcpStream, heard: Heard, refuses: bool) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut in_data = false;
    stream.write_all(b"220 test ESMTP\r\n").await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        heard.lock().unwrap().push(line.clone());
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_str() {
            _ if in_data && line != "." => continue,
            _ if in_data => {
                in_data = false;
                b"250 queued\r\n"
            }
            "EHLO" => b"250-test\r\n250 AUTH PLAIN LOGIN\r\n",
            "AUTH" => b"235 ok\r\n",
            "RCPT" if refuses => b"550 no such user\r\n",
            "DATA" => {
                in_data = true;
                b"354 go on\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"250 ok\r\n",
        };
        stream.write_all(answer).await?;
    }
}

async fn world(port: u16, tls: SmtpTls) -> World {
    World::sqlite_with(|settings| {
        settings.signup.enabled = true;
        settings.mail.from = "offhook@example.org".to_owned();
        settings.mail.transport = MailTransport::Smtp(Smtp {
            host: "127.0.0.1".to_owned(),
            port,
            tls,
            credentials: Some(("me".to_owned(), "hush".to_owned())),
        });
    })
    .await
}

#[tokio::test]
async fn a_mail_server_gets_the_code_and_it_works() {
    let (port, heard) = mail_server(false).await;
    let world = world(port, SmtpTls::None).await;
    let body = json!({"human_email": "ada@example.com"});
    let begun = post(&world, "/v0/agent/sign-up", body).await.ok();
    let heard = heard.lock().unwrap().join("\n");
    for line in ["MAIL FROM:<offhook@example.org>", "RCPT TO:<ada@example.com>", "AUTH PLAIN", "Subject: "] {
        assert!(heard.contains(line), "{line} in {heard}");
    }
    let body = json!({"verification_id": begun["verification_id"], "otp_code": code_in(&heard)});
    post(&world, "/v0/agent/verify", body).await.ok();
}

#[tokio::test]
async fn a_refused_mail_leaves_no_sign_up() {
    let (port, _) = mail_server(true).await;
    let world = world(port, SmtpTls::None).await;
    let body = json!({"human_email": "ada@example.com"});
    post(&world, "/v0/agent/sign-up", body).await.refused(503, "SERVICE_UNAVAILABLE");
}

#[tokio::test]
async fn without_a_mail_server_nobody_waits_for_a_code() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let world = world(port, SmtpTls::None).await;
    let body = json!({"human_email": "ada@example.com"});
    post(&world, "/v0/agent/sign-up", body).await.refused(503, "SERVICE_UNAVAILABLE");
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing_in_the_clear() {
    let (port, heard) = mail_server(false).await;
    let world = world(port, SmtpTls::StartTls).await;
    let body = json!({"human_email": "ada@example.com"});
    post(&world, "/v0/agent/sign-up", body).await.refused(503, "SERVICE_UNAVAILABLE");
    let heard = heard.lock().unwrap().join("\n");
    assert!(!heard.contains("AUTH") && !heard.contains("RCPT"), "{heard}");
}

use axum::{Router, response::Redirect, routing::get};

use super::*;

fn guarded() -> FetchClient {
    FetchClient::new(FetchPolicy::default()).unwrap()
}

fn open() -> FetchClient {
    FetchClient::new(FetchPolicy { allow_private: true, ..FetchPolicy::default() }).unwrap()
}

fn get_of(url: &str) -> FetchRequest {
    FetchRequest {
        method: Method::GET,
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        timeout: Duration::from_millis(500),
        max_body_bytes: 10,
    }
}

/// A server that counts connections and answers a few paths.
async fn server() -> String {
    let app = Router::new()
        .route("/long", get(|| async { "0123456789abcdef" }))
        .route("/away", get(|| async { Redirect::temporary("/long") }))
        .route("/hang", get(|| async { std::future::pending::<()>().await }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

#[tokio::test]
async fn closed_addresses_are_refused_in_every_notation() {
    for host in [
        "127.0.0.1",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:7f00:1::]",
        "0",
        "①②⑦.0.0.1",
    ] {
        let error = guarded().send(get_of(&format!("https://{host}/"))).await.unwrap_err();
        assert!(matches!(error, FetchError::Forbidden { .. }), "{host}: {error:?}");
    }
}

#[tokio::test]
async fn names_of_closed_addresses_are_refused_before_connecting() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let error = guarded().send(get_of(&format!("https://localhost:{port}/"))).await.unwrap_err();
    assert_eq!(error, FetchError::Forbidden { host: "localhost".to_owned() });
    let touched = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(touched.is_err(), "a connection was made");
}

#[tokio::test]
async fn plain_http_needs_the_operators_consent() {
    assert_eq!(guarded().send(get_of("http://example.com/")).await.unwrap_err(), FetchError::NotHttps);
    assert_eq!(guarded().send(get_of("file:///etc/passwd")).await.unwrap_err(), FetchError::NotHttps);
    assert!(matches!(guarded().send(get_of("not a url")).await, Err(FetchError::BadUrl { .. })));
}

#[tokio::test]
async fn metadata_stays_closed_even_with_private_addresses_allowed() {
    let error = open().send(get_of("http://169.254.169.254/latest")).await.unwrap_err();
    assert!(matches!(error, FetchError::Forbidden { .. }));
}

#[test]
fn an_allowed_network_opens_exactly_itself() {
    let policy = FetchPolicy { allow: vec!["10.1.0.0/16".parse().unwrap()], ..FetchPolicy::default() };
    assert!(policy.check("https://10.1.2.3/").is_ok());
    assert!(policy.check("https://[::ffff:10.1.2.3]/").is_ok());
    assert!(policy.check("https://10.2.2.3/").is_err());
    assert!(policy.check("http://10.1.2.3/").is_ok(), "also without TLS");
    assert_eq!(policy.check("http://8.8.8.8/").unwrap_err(), FetchError::NotHttps);
}

#[test]
fn a_denied_network_stays_closed_whatever_allows_it() {
    let nets = vec!["203.0.113.0/24".parse().unwrap(), "8.8.8.0/24".parse().unwrap()];
    let policy = FetchPolicy { allow_private: true, allow: nets.clone(), deny: nets };
    for url in ["https://8.8.8.8/", "https://203.0.113.9/", "https://[::ffff:8.8.8.8]/"] {
        assert!(matches!(policy.check(url), Err(FetchError::Forbidden { .. })), "{url}");
    }
}

#[test]
fn ports_of_other_protocols_are_refused() {
    let policy = FetchPolicy::default();
    for url in ["https://example.com:25/", "https://example.com:0/", "https://8.8.8.8:6667/"] {
        assert!(matches!(policy.check(url), Err(FetchError::BadUrl { .. })), "{url}");
    }
    assert!(policy.check("https://example.com:8443/").is_ok());
}

#[tokio::test]
async fn bodies_are_cut_at_the_limit() {
    let mut response = open().send(get_of(&format!("{}/long", server().await))).await.unwrap();
    assert_eq!(response.text().await.unwrap(), "0123456789");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let response = open().send(get_of(&format!("{}/away", server().await))).await.unwrap();
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
}

#[tokio::test]
async fn a_server_that_hangs_is_a_timeout() {
    let error = open().send(get_of(&format!("{}/hang", server().await))).await.unwrap_err();
    assert_eq!(error, FetchError::Timeout { after: Duration::from_millis(500) });
}

#[tokio::test]
async fn headers_that_frame_the_message_are_refused() {
    let mut request = get_of("https://example.com/");
    for (name, value) in [("Host", "x"), ("content-length", "3"), ("a b", "x"), ("X-A", "a\r\nb: c")] {
        request.headers = vec![(name.to_owned(), value.to_owned())];
        let error = guarded().send(request.clone()).await.unwrap_err();
        assert_eq!(error, FetchError::BadHeader { name: name.to_owned() });
    }
}

//! SIPp as the other side: a second opinion on what we send.

use std::{
    net::{SocketAddr, UdpSocket},
    process::{Output, Stdio},
    time::Duration,
};

use offhook_model::{call::EndReason, report::CallReport};

use crate::kit::*;

/// A port that was free a moment ago.
fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn sipp(arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new("sipp");
    command
        .args(arguments)
        .args(["-i", "127.0.0.1", "-nostdin", "-timeout", "40s", "-timeout_error"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    tokio::time::timeout(Duration::from_secs(60), command.output()).await.unwrap().unwrap()
}

/// SIPp calls the engine `calls` times and hangs up.
async fn call_us(engine: SocketAddr, calls: u32, rate: u32, transport: &str) {
    let (calls, rate, port) = (calls.to_string(), rate.to_string(), free_port().to_string());
    let to = engine.to_string();
    let arguments = [
        "-sn",
        "uac",
        "-s",
        "+14155550199",
        &to,
        "-m",
        &calls,
        "-r",
        &rate,
        "-d",
        "200",
        "-p",
        &port,
        "-t",
        transport,
    ];
    let output = sipp(&arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

async fn count_ends(desk: &mut Desk, calls: u32) {
    for _ in 0..calls {
        let ended = loop {
            if let CallReport::Ended(ended) = desk.report().await {
                break ended;
            }
        };
        assert_eq!(ended.reason, EndReason::UserHangup);
    }
    forgotten(desk.engine.endpoint()).await;
    assert!(desk.reports.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_a_second_are_answered() {
    let mut desk = desk(listener()).await;
    call_us(desk.engine.sip_addr(), 600, 200, "u1").await;
    count_ends(&mut desk, 600).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_over_one_tcp_connection_are_answered() {
    let mut desk = desk(listener()).await;
    call_us(desk.engine.sip_addr(), 40, 20, "t1").await;
    count_ends(&mut desk, 40).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn we_call_sipp_and_hang_up() {
    let mut desk = desk(listener()).await;
    let port = free_port();
    let text = port.to_string();
    let arguments = ["-sn", "uas", "-m", "10", "-p", &text];
    let server = sipp(&arguments);
    let calls = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        for _ in 0..10 {
            desk.engine.dial(plan(), vec![target(format!("sip:service@127.0.0.1:{port}"))]).unwrap();
            while !matches!(desk.report().await, CallReport::Answered { .. }) {}
            let call = desk.engine.active_calls().remove(0);
            assert!(desk.engine.hang_up(&call, EndReason::ApiHangup));
            desk.ends_with(EndReason::ApiHangup).await;
        }
    };
    let (output, ()) = tokio::join!(server, calls);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

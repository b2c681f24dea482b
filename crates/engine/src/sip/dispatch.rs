//! Takes requests from the stack and brings each to its place.

use std::{
    net::SocketAddr,
    sync::{Arc, Weak, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

use offhook_sip::{sdp::RemoteDescription, session_timer};
use rsipstack::{
    sip::{Header, Method, StatusCode, Transport, prelude::HeadersExt},
    transaction::{TransactionReceiver, transaction::Transaction},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{digest::Verdict, headers, registrar};
use crate::{
    endpoint::{Core, IncomingCall, Parts},
    host::Arrival,
};

/// Serves requests until the endpoint goes. Each has its own task: one that
/// panics takes nothing else down.
pub async fn serve(
    core: Weak<Core>,
    mut requests: TransactionReceiver,
    calls: mpsc::Sender<IncomingCall>,
    stopped: CancellationToken,
) {
    while let Some(Some(tx)) = stopped.run_until_cancelled(requests.recv()).await {
        let Some(core) = core.upgrade() else { return };
        tokio::spawn(handle(core, tx, calls.clone()));
    }
}

async fn handle(core: Arc<Core>, mut tx: Transaction, calls: mpsc::Sender<IncomingCall>) {
    let has_to_tag = tx.original.to_header().ok().and_then(|to| to.tag().ok().flatten()).is_some();
    let served = if has_to_tag {
        in_dialog(&core, &mut tx).await
    } else {
        match tx.original.method {
            Method::Invite => return invite(core, tx, calls).await,
            Method::Ack | Method::Cancel => Ok(()),
            Method::Options => options(&core, &mut tx).await,
            Method::Register => register(&core, &mut tx).await,
            Method::Bye | Method::Update | Method::Info | Method::PRack | Method::Notify => {
                tx.reply(StatusCode::CallTransactionDoesNotExist).await
            }
            Method::Refer | Method::Message | Method::Publish | Method::Subscribe => {
                let allow = vec![Header::Allow(headers::ALLOW.into())];
                tx.reply_with(StatusCode::MethodNotAllowed, allow, None).await
            }
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a SIP request could not be served");
    }
}

/// A request within a dialog.
async fn in_dialog(core: &Core, tx: &mut Transaction) -> rsipstack::Result<()> {
    let Some(mut dialog) = core.stack.dialogs.match_dialog(tx) else {
        if tx.original.method == Method::Ack {
            return Ok(());
        }
        return tx.reply(StatusCode::CallTransactionDoesNotExist).await;
    };
    let handled = dialog.handle(tx).await;
    // The stack leaves some requests without an answer: a CSeq lower than the
    // last (RFC 3261 §12.2.2 wants 500), or one it does not expect yet.
    if tx.last_response.is_none() && tx.original.method != Method::Ack {
        tx.reply(StatusCode::ServerInternalError).await?;
    }
    handled
}

async fn options(core: &Core, tx: &mut Transaction) -> rsipstack::Result<()> {
    let mut out = headers::capabilities();
    out.push(Header::Accept(headers::SDP.into()));
    let status = if core.draining.load(SeqCst) {
        out.push(headers::retry_after());
        StatusCode::ServiceUnavailable
    } else {
        StatusCode::OK
    };
    tx.reply_with(status, out, None).await
}

async fn register(core: &Core, tx: &mut Transaction) -> rsipstack::Result<()> {
    let Some((source, transport)) = source(tx) else {
        return tx.reply(StatusCode::BadRequest).await;
    };
    if core.draining.load(SeqCst) {
        return tx.reply_with(StatusCode::ServiceUnavailable, vec![headers::retry_after()], None).await;
    }
    let flow = registrar::flow(source, transport);
    let reply = core.registrar.register(&tx.original, &flow, source, Instant::now());
    tx.reply_with(reply.status, reply.headers, None).await
}

/// A new call: checks what needs nobody's decision, then hands it over.
async fn invite(core: Arc<Core>, mut tx: Transaction, calls: mpsc::Sender<IncomingCall>) {
    // Retransmissions stop here; deciding may take a database write.
    if tx.send_trying().await.is_err() {
        return;
    }
    let (status, extra) = match screen(&core, &tx) {
        Ok((arrival, timer)) => match core.slot() {
            Some(slot) => {
                let call = IncomingCall { arrival, parts: Some(Parts { core, tx, slot, timer }) };
                // A full or closed queue drops the call, which refuses it.
                if let Err(refused) = calls.try_send(call) {
                    match refused {
                        mpsc::error::TrySendError::Full(call) => call.reject(503),
                        mpsc::error::TrySendError::Closed(call) => call.reject(480),
                    }
                }
                return;
            }
            None => (StatusCode::ServiceUnavailable, vec![headers::retry_after()]),
        },
        Err(refusal) => refusal,
    };
    finish(tx, status, extra, core.config.t1).await;
}

/// Sends the final response of a refused INVITE, and again until its ACK.
pub async fn finish(mut tx: Transaction, status: StatusCode, extra: Vec<Header>, t1: Duration) {
    if tx.reply_with(status, extra, None).await.is_ok() {
        // 64·T1 is when the stack gives up, unless it has been stopped.
        let acknowledged = async { while tx.receive().await.is_some() {} };
        let _given_up = tokio::time::timeout(t1 * 65, acknowledged).await;
    }
}

type Refusal = (StatusCode, Vec<Header>);

/// Reads an INVITE; a status when it cannot become a call.
fn screen(
    core: &Core,
    tx: &Transaction,
) -> Result<(Arrival, Option<session_timer::SessionExpires>), Refusal> {
    let request = &tx.original;
    let plain = |status: StatusCode| (status, vec![]);
    let (source, _) = source(tx).ok_or_else(|| plain(StatusCode::BadRequest))?;
    if request.from_header().ok().and_then(|f| f.tag().ok().flatten()).is_none()
        || request.contact_header().is_err()
    {
        return Err(plain(StatusCode::BadRequest));
    }
    let unknown: Vec<&str> =
        headers::tokens(&request.headers, "Require").filter(|t| !t.eq_ignore_ascii_case("timer")).collect();
    if !unknown.is_empty() {
        return Err((StatusCode::BadExtension, vec![Header::Unsupported(unknown.join(", ").into())]));
    }
    if !request.body.is_empty() {
        if !headers::is_type(&request.headers, headers::SDP) {
            return Err((StatusCode::UnsupportedMediaType, vec![Header::Accept(headers::SDP.into())]));
        }
        let known = |offer: &RemoteDescription| {
            let ours = &core.config.sdp.codecs;
            offer.audio.codecs.iter().any(|(_, codec)| ours.contains(codec))
        };
        match RemoteDescription::parse(&request.body) {
            Ok(offer) if known(&offer) => {}
            Ok(_) => return Err(plain(StatusCode::NotAcceptableHere)),
            Err(error) => return Err(plain(headers::status(error.status()))),
        }
    }
    let requested = headers::session_expires(&request.headers);
    let supported = headers::has_token(&request.headers, "Supported", "timer");
    let timer = match session_timer::decide(requested, supported, core.config.session_timers) {
        session_timer::UasDecision::None => None,
        session_timer::UasDecision::Accept(agreed) => Some(agreed),
        session_timer::UasDecision::TooSmall(min) => {
            let min = Header::MinSE(min.as_secs().to_string().into());
            return Err((StatusCode::SessionIntervalTooSmall, vec![min]));
        }
    };
    let handset = authenticated(core, tx, source)?;
    let from = headers::value(&request.headers, "From").unwrap_or_default();
    let arrival = Arrival {
        dialled: headers::user_of_uri(&request.uri),
        caller: headers::user_of(from),
        source,
        handset,
        sip_call_id: headers::value(&request.headers, "Call-ID").unwrap_or_default().to_owned(),
    };
    Ok((arrival, timer))
}

/// The handset that proved itself, if any credentials were sent. Wrong ones
/// are refused: whoever sends them meant to be somebody.
fn authenticated(core: &Core, tx: &Transaction, source: SocketAddr) -> Result<Option<String>, Refusal> {
    let now = Instant::now();
    for header in ["Proxy-Authorization", "Authorization"] {
        if headers::value(&tx.original.headers, header).is_none() {
            continue;
        }
        return match core.registrar.authenticate(&tx.original, header, source.ip(), now) {
            Verdict::Proved(user) => Ok(Some(user)),
            Verdict::Challenge { stale } => match core.registrar.challenge(stale, now) {
                Some(c) => {
                    Err((StatusCode::ProxyAuthenticationRequired, vec![Header::ProxyAuthenticate(c.into())]))
                }
                None => Ok(None),
            },
            Verdict::Wrong if core.registrar.challenge(false, now).is_none() => Ok(None),
            Verdict::Wrong | Verdict::Blocked => Err((StatusCode::Forbidden, vec![])),
        };
    }
    Ok(None)
}

/// Where a request came from.
fn source(tx: &Transaction) -> Option<(SocketAddr, Transport)> {
    let connection = tx.connection.as_ref()?;
    let transport = connection.transport();
    if let Some(address) = connection.get_remote_addr().filter(|_| connection.is_reliable()) {
        return Some((address.get_socketaddr().ok()?, transport));
    }
    // For UDP the stack notes the source in the top Via (RFC 3581).
    let via = tx.original.top_via_header().ok()?;
    let (_, target) = rsipstack::transport::SipConnection::parse_target_from_via(&via).ok()?;
    Some((SocketAddr::try_from(target).ok()?, transport))
}

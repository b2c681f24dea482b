//! REFER both ways, and the NOTIFYs that follow.

use offhook_sip::refer::{ReferTarget, TransferProgress, parse_refer_to};
use rsipstack::{
    dialog::dialog::TransactionHandle,
    sip::{Header, Method, Request, Response},
};

use super::{
    LegControl, LegEvent,
    actor::{Actor, Command, Done, respond},
    uac::is_success,
};
use crate::sip::headers;

/// The far end asks us to call somebody else. Dropping it refuses (603).
#[derive(Debug)]
pub struct ReferRequest {
    /// Whom to call.
    pub target: ReferTarget,
    handle: Option<TransactionHandle>,
    control: LegControl,
}

impl ReferRequest {
    /// Promises to try (202, NOTIFY 100); [`LegControl::notify_refer`] tells
    /// the rest.
    pub fn accept(mut self) {
        self.answer(202);
    }

    /// Refuses.
    pub fn reject(mut self, status: u16) {
        self.answer(status);
    }

    fn answer(&mut self, status: u16) {
        if let Some(handle) = self.handle.take() {
            self.control.command(Command::AnswerRefer { handle, status });
        }
    }
}

impl Drop for ReferRequest {
    fn drop(&mut self) {
        self.answer(603);
    }
}

impl Actor {
    /// Asks the peer to call somebody else.
    pub(super) fn refer(&mut self, uri: &str) {
        if !self.answered
            || self.is_referring
            || uri.chars().any(|c| c.is_control() || matches!(c, '<' | '>'))
        {
            return self.emit(LegEvent::ReferDone(Err(400)));
        }
        self.is_referring = true;
        let mut extra = headers::capabilities();
        extra.push(Header::ReferTo(format!("<{uri}>").into()));
        extra.push(Header::ReferredBy(format!("<{}>", self.core.stack.address_of("")).into()));
        let dialog = self.dialog.clone();
        let done = self.done.0.clone();
        tokio::spawn(async move {
            let response = dialog.request(Method::Refer, Some(extra), None).await.ok().flatten();
            let _over = done.send(Done::Refer(response)).await;
        });
    }

    /// The peer took our REFER, or did not.
    pub(super) fn refer_answered(&mut self, response: Option<Response>) {
        match response {
            // `Refer-Sub: false`: no NOTIFY will come (RFC 4488).
            Some(r) if is_success(&r) => {
                if headers::value(&r.headers, "Refer-Sub").is_some_and(|v| v.eq_ignore_ascii_case("false")) {
                    self.refer_over(Ok(()));
                }
            }
            Some(r) => self.refer_over(Err(r.status_code.code())),
            None => self.refer_over(Err(408)),
        }
    }

    /// A NOTIFY.
    pub(super) async fn notified(&mut self, request: &Request, handle: &TransactionHandle) {
        let event =
            headers::value(&request.headers, "Event").or_else(|| headers::value(&request.headers, "o"));
        let state = headers::value(&request.headers, "Subscription-State").unwrap_or_default();
        let progress = event.and_then(|event| TransferProgress::parse(event, state, &request.body));
        let Some(progress) = progress.filter(|_| self.is_referring) else {
            return respond(handle, 481, vec![], None).await;
        };
        respond(handle, 200, vec![], None).await;
        match progress.outcome() {
            Some(outcome) => self.refer_over(outcome),
            None => self.emit(LegEvent::ReferProgress(progress.status)),
        }
    }

    fn refer_over(&mut self, outcome: Result<(), u16>) {
        if std::mem::take(&mut self.is_referring) {
            self.emit(LegEvent::ReferDone(outcome));
        }
    }

    /// The peer asks us to call somebody else.
    pub(super) async fn referred(&mut self, request: &Request, handle: TransactionHandle) {
        let target = headers::value(&request.headers, "Refer-To").and_then(parse_refer_to);
        match target {
            Some(target) if self.answered => {
                let control = self.control.clone();
                self.emit(LegEvent::Referred(ReferRequest { target, handle: Some(handle), control }));
            }
            _ => respond(&handle, 400, vec![], None).await,
        }
    }

    pub(super) async fn answer_refer(&mut self, handle: TransactionHandle, status: u16) {
        respond(&handle, status, vec![], None).await;
        if status == 202 {
            self.notify_refer(100, false);
        }
    }

    /// Tells who referred us how it goes.
    pub(super) fn notify_refer(&self, status: u16, is_final: bool) {
        let progress = TransferProgress { status, is_terminated: is_final };
        let extra = vec![
            Header::Event("refer".into()),
            Header::SubscriptionState(progress.subscription_state().into()),
            Header::ContentType("message/sipfrag;version=2.0".into()),
        ];
        let body = progress.sipfrag(headers::status(status).text());
        let dialog = self.dialog.clone();
        tokio::spawn(async move {
            if let Err(error) = dialog.notify(Some(extra), Some(body)).await {
                tracing::debug!(%error, "a NOTIFY failed");
            }
        });
    }
}

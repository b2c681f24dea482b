//! The task behind a leg: dispatches, nothing more.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Instant,
};

use offhook_sip::{
    ring::{RingAction, RingWatchdog},
    sdp::{Codec, Direction, Negotiated, SdpSession},
    session_timer::{SessionExpires, SessionTimer, TimerAction},
};
use rsipstack::{
    dialog::{
        dialog::{DialogState, DialogStateReceiver, TransactionHandle},
        invitation::{InviteAsyncResult, InviteOption},
        invite_dialog::InviteDialog,
    },
    sip::{Headers, Response},
};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{EVENTS, Leg, LegControl, LegEnd, LegEvent, Peer, RESERVED};
use crate::{
    endpoint::{CallSlot, Core},
    media::{self, MediaEvent, MediaSession, StreamParams},
    sip::headers,
};

/// Commands that may wait.
const COMMANDS: usize = 64;

/// What the owner asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Ring,
    EarlyMedia,
    Answer,
    Reject(u16),
    HangUp { reason: Option<&'static str> },
    Hold(bool),
    Refer { uri: String },
    Notify { status: u16, is_final: bool },
    AnswerRefer { handle: TransactionHandle, status: u16 },
}

/// A request of ours has been answered.
pub(super) enum Done {
    Refresh { response: Option<Response>, with_sdp: bool },
    Hold { hold: bool, response: Option<Response> },
    Refer(Option<Response>),
}

/// Which side of the INVITE we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Uac,
    Uas,
}

/// The state of a leg. Its methods are in the files named for what they do.
pub(super) struct Actor {
    pub core: Arc<Core>,
    pub role: Role,
    pub dialog: InviteDialog,
    pub states: DialogStateReceiver,
    /// UAC: the INVITE on its way.
    pub invite: Option<JoinHandle<InviteAsyncResult>>,
    /// UAC: what was sent, for a second try after 422.
    pub option: Option<InviteOption>,
    /// UAC: until the answer.
    pub watchdog: Option<RingWatchdog>,
    /// UAS: the INVITE's body; empty when it had no offer.
    pub offer: Vec<u8>,
    /// UAS: the timer to put into the 2xx.
    pub granted: Option<SessionExpires>,
    /// The CSeq of the INVITE whose ACK brings the answer to our offer.
    pub awaiting_ack: Option<u32>,
    pub sdp: SdpSession,
    pub media: Arc<MediaSession>,
    pub media_events: mpsc::Receiver<MediaEvent>,
    pub commands: mpsc::Receiver<Command>,
    pub control: LegControl,
    pub events: mpsc::Sender<LegEvent>,
    pub done: (mpsc::Sender<Done>, mpsc::Receiver<Done>),
    pub timer: Option<SessionTimer>,
    pub answered: bool,
    /// The 2xx is acknowledged: requests within the dialog may leave.
    pub confirmed: bool,
    /// What waits for that, or for the end of a re-INVITE.
    pub deferred: Vec<Command>,
    pub has_rung: bool,
    pub has_early_media: bool,
    pub is_held: bool,
    /// Digits come by RFC 4733: some peers send each by INFO as well.
    pub has_rtp_digits: bool,
    /// A re-INVITE or UPDATE of ours is on its way: others get 491.
    pub is_renegotiating: bool,
    /// A REFER of ours runs.
    pub is_referring: bool,
    pub end: Option<LegEnd>,
    pub _slot: CallSlot,
}

/// The channels of a new leg.
pub(super) struct Wiring {
    pub leg: Leg,
    pub commands: mpsc::Receiver<Command>,
    pub events: mpsc::Sender<LegEvent>,
    pub media: Arc<MediaSession>,
    pub media_events: mpsc::Receiver<MediaEvent>,
    pub sdp: SdpSession,
}

/// Opens media and makes the owner's side.
pub(super) fn wire(core: &Core, call_id: &str) -> Result<Wiring, media::MediaError> {
    let mut media = core.media.open()?;
    let media_events = media.take_events();
    let media = Arc::new(media);
    let sdp = SdpSession::new(core.config.sdp.clone(), media.local_addr(), u64::from(rand::random::<u32>()));
    let (sender, commands) = mpsc::channel(COMMANDS);
    let (events, receiver) = mpsc::channel(EVENTS);
    let control = LegControl {
        commands: sender,
        media: Arc::clone(&media),
        peer: Arc::new(Peer::default()),
        call_id: call_id.into(),
    };
    Ok(Wiring { leg: Leg { control, events: receiver }, commands, events, media, media_events, sdp })
}

impl Actor {
    /// Runs until the leg is over, then frees the dialog.
    pub async fn run(mut self) {
        let mut commands_open = true;
        let mut media_open = true;
        while self.end.is_none() {
            let wake = self.next_wake();
            tokio::select! {
                biased;
                command = self.commands.recv(), if commands_open => match command {
                    Some(command) => self.command(command).await,
                    None => commands_open = false,
                },
                () = self.events.closed() => self.hang_up(None).await,
                Some(state) = self.states.recv() => self.dialog_state(state).await,
                result = joined(&mut self.invite) => self.invite_done(result).await,
                Some(done) = self.done.1.recv() => {
                    self.request_done(done);
                    self.resume().await;
                }
                event = self.media_events.recv(), if media_open => match event {
                    Some(event) => self.media_event(event),
                    None => media_open = false,
                },
                () = tokio::time::sleep_until(wake.into()) => self.wake().await,
            }
        }
        self.close();
    }

    async fn command(&mut self, command: Command) {
        let must_wait = match command {
            Command::Hold(_) => !self.confirmed || self.is_renegotiating,
            Command::Refer { .. } => !self.confirmed,
            _ => false,
        };
        if self.answered && must_wait {
            self.deferred.push(command);
            return;
        }
        match command {
            Command::Ring => self.ring(),
            Command::EarlyMedia => self.send_early_media(),
            Command::Answer => self.answer(),
            Command::Reject(status) => self.reject(status),
            Command::HangUp { reason } => self.hang_up(reason).await,
            Command::Hold(hold) => self.hold(hold),
            Command::Refer { uri } => self.refer(&uri),
            Command::Notify { status, is_final } => self.notify_refer(status, is_final),
            Command::AnswerRefer { handle, status } => self.answer_refer(handle, status).await,
        }
    }

    async fn dialog_state(&mut self, state: DialogState) {
        match state {
            DialogState::Early(_, response) => self.provisional(&response),
            // The stack raises Confirmed again and again, with a response of
            // our own: only the ACK is of interest.
            DialogState::Confirmed(..) => {
                self.acknowledged();
                self.confirmed = self.answered;
                self.resume().await;
            }
            DialogState::Updated(_, request, handle) => self.renegotiated(request, handle).await,
            DialogState::Info(_, request, handle) => self.info(&request, &handle).await,
            DialogState::Notify(_, request, handle) => self.notified(&request, &handle).await,
            DialogState::Refer(_, request, handle) => self.referred(&request, handle).await,
            DialogState::Options(_, _, handle) => {
                respond(&handle, 200, headers::capabilities(), None).await;
            }
            DialogState::Message(_, _, handle) | DialogState::Publish(_, _, handle) => {
                respond(&handle, 405, headers::capabilities(), None).await;
            }
            DialogState::Terminated(_, reason) => self.terminated(reason).await,
            DialogState::Calling(_) | DialogState::Trying(_) | DialogState::WaitAck(..) => {}
        }
    }

    /// Does what had to wait; it may wait again.
    async fn resume(&mut self) {
        for command in std::mem::take(&mut self.deferred) {
            Box::pin(self.command(command)).await;
        }
    }

    fn media_event(&mut self, event: MediaEvent) {
        let event = match event {
            MediaEvent::Audio(frame) => {
                if self.events.capacity() > RESERVED {
                    self.emit(LegEvent::Audio(frame));
                }
                return;
            }
            MediaEvent::Digit(digit) => {
                self.has_rtp_digits = true;
                LegEvent::Digit(digit)
            }
            MediaEvent::Played { utterance, samples, finished } => {
                LegEvent::Played { utterance, samples, finished }
            }
            MediaEvent::DigitsSent => LegEvent::DigitsSent,
            MediaEvent::TimedOut => LegEvent::MediaTimeout,
        };
        self.emit(event);
    }

    fn next_wake(&self) -> Instant {
        let now = now();
        let ring = self.watchdog.map(|dog| match dog.poll(now) {
            RingAction::WaitUntil(at) => at,
            RingAction::Cancel | RingAction::GiveUp => now,
        });
        let session = self.timer.map(|timer| match timer.poll(now) {
            TimerAction::WaitUntil(at) => at,
            TimerAction::Refresh | TimerAction::Expired => now,
        });
        [ring, session]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or_else(|| now + std::time::Duration::from_secs(3600))
    }

    async fn wake(&mut self) {
        let now = now();
        match self.watchdog.map(|dog| dog.poll(now)) {
            Some(RingAction::Cancel | RingAction::GiveUp) => self.ring_timeout().await,
            Some(RingAction::WaitUntil(_)) | None => {}
        }
        match self.timer.map(|timer| timer.poll(now)) {
            Some(TimerAction::Refresh) => self.refresh(),
            Some(TimerAction::Expired) => self.session_expired(),
            Some(TimerAction::WaitUntil(_)) | None => {}
        }
    }

    /// Hands an event to the owner; one that does not read loses it.
    pub fn emit(&self, event: LegEvent) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.events.try_send(event) {
            tracing::warn!(sip.call_id = self.control.call_id(), "a leg's owner does not take its events");
        }
    }

    /// Notes the end; the first one counts.
    pub fn over(&mut self, end: LegEnd) {
        self.end.get_or_insert(end);
    }

    /// Applies what was agreed to the stream, and tells of hold.
    pub fn configure(&mut self, agreed: Negotiated, watch: bool) {
        self.media.configure(stream_params(agreed, watch));
        let held = watch && !agreed.direction.sends() && self.sdp.wanted().sends();
        if held != self.is_held {
            self.is_held = held;
            self.emit(LegEvent::HeldByPeer(held));
        }
    }

    /// Notes what the peer can do, from its `Allow`.
    pub fn learn(&self, from: &Headers) {
        if headers::value(from, "Allow").is_some() {
            let peer = &self.control.peer;
            peer.allows_refer.store(headers::has_token(from, "Allow", "REFER"), SeqCst);
            peer.allows_update.store(headers::has_token(from, "Allow", "UPDATE"), SeqCst);
        }
    }

    fn close(self) {
        self.core.stack.dialogs.remove_dialog(&self.dialog.id());
        if let Some(end) = self.end {
            tracing::debug!(sip.call_id = self.control.call_id(), ?end, "leg over");
            let _already_set = self.control.peer.end.set(end);
        }
    }
}

/// Waits for the INVITE, if there is one.
async fn joined(
    invite: &mut Option<JoinHandle<InviteAsyncResult>>,
) -> Result<InviteAsyncResult, tokio::task::JoinError> {
    match invite {
        Some(handle) => {
            let result = handle.await;
            *invite = None;
            result
        }
        None => std::future::pending().await,
    }
}

/// Answers a request of the peer.
pub(super) async fn respond(
    handle: &TransactionHandle,
    status: u16,
    headers: Vec<rsipstack::sip::Header>,
    body: Option<Vec<u8>>,
) {
    // The transaction may have ended meanwhile; there is nobody to tell.
    let _gone = handle.respond(headers::status(status), Some(headers), body).await;
}

/// The clock of the runtime, so that paused tests move it.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn stream_params(agreed: Negotiated, watch: bool) -> StreamParams {
    StreamParams {
        remote: agreed.remote,
        codec: match agreed.codec {
            Codec::Pcma => media::Codec::Pcma,
            _ => media::Codec::Pcmu,
        },
        payload_type: agreed.payload_type,
        dtmf_payload_type: agreed.telephone_event,
        ptime_ms: u32::from(agreed.ptime_ms),
        direction: match agreed.direction {
            Direction::SendRecv => media::Direction::SendRecv,
            Direction::SendOnly => media::Direction::SendOnly,
            Direction::RecvOnly => media::Direction::RecvOnly,
            Direction::Inactive => media::Direction::Inactive,
        },
        watch,
    }
}

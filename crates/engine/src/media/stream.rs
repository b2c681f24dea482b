//! One stream on its media thread.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use offhook_media::{Frame, mixer::mix, tone::TonePlayer};

use super::{
    Direction, MediaEvent, StreamParams,
    bridge::{BridgePort, Crossing},
    inbox::Command,
    outlet::Outlet,
    playout::{Playout, Position},
    ports::SocketPair,
    receive::Receiver,
    recording::RecordingPort,
    send::Sender,
    session::Shared,
    thread::Totals,
};

/// Steps between two looks at the RTCP socket: a second.
const RTCP_STEPS: u32 = 50;

/// Everything of one stream.
#[derive(Debug)]
pub struct Stream {
    sockets: SocketPair,
    shared: Arc<Shared>,
    outlet: Outlet,
    timeout: Duration,
    params: Option<StreamParams>,
    commands: Vec<Command>,
    receiver: Receiver,
    sender: Sender,
    playout: Playout,
    tone: Option<TonePlayer>,
    bridge: Option<BridgePort>,
    recording: Option<RecordingPort>,
    /// What was sent in this step, for the recording.
    sent: Frame,
    steps: u32,
}

impl Stream {
    pub fn new(sockets: SocketPair, shared: Arc<Shared>, outlet: Outlet, timeout: Duration) -> Self {
        Self {
            sockets,
            shared,
            outlet,
            timeout,
            params: None,
            commands: Vec::new(),
            receiver: Receiver::new(),
            sender: Sender::new(rand::random(), rand::random(), rand::random()),
            playout: Playout::default(),
            tone: None,
            bridge: None,
            recording: None,
            sent: Frame::SILENCE,
            steps: 0,
        }
    }

    /// Whether its session is gone.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Relaxed)
    }

    /// The clock had to skip so many frames.
    pub const fn skip(&mut self, frames: u32) {
        self.sender.pass(frames);
    }

    /// First half of a step: does what was asked and sends 20 ms. `lateness`
    /// is asked for after the packet left.
    pub fn send(&mut self, now: Duration, lateness: &impl Fn() -> Duration, totals: &mut Totals) {
        self.obey(now);
        self.sent = Frame::SILENCE;
        let Some(params) = &self.params else { return };
        let Self { outlet, playout, shared, .. } = self;
        let mut report = |position| outlet.control(played(position));
        let target = self.receiver.latch.target().filter(|_| params.direction.sends());
        let Some(target) = target else {
            playout.retire(&mut report);
            self.sender.pass(1);
            return;
        };
        let mut frame = Frame::SILENCE;
        // Agent audio waits for the digits: it would be lost under them.
        if !self.sender.sends_digits() {
            let taken = playout.next(&mut frame, &mut report);
            shared.queued.fetch_sub(taken, Relaxed);
        }
        if let Some(bridge) = &mut self.bridge {
            let sender = &mut self.sender;
            let mut digit = |digit: char| sender.push_digits(digit.encode_utf8(&mut [0; 4]), false);
            if let Some(other) = bridge.receive(&mut digit) {
                mix(&mut frame, &other);
            }
        }
        if let Some(tone) = &mut self.tone {
            mix(&mut frame, &tone.next_frame());
        }
        let before = self.sender.packets();
        self.sent = self.sender.send(frame, params, &self.sockets.rtp, target);
        if self.sender.digits_ended() {
            self.outlet.control(MediaEvent::DigitsSent);
        }
        let sent = self.sender.packets() - before;
        if sent > 0 {
            totals.sent += sent;
            let lateness = lateness();
            totals.lateness(lateness);
            self.shared.counters.packets_sent.store(before + sent, Relaxed);
            self.shared.counters.worst_lateness_us.fetch_max(lateness.as_micros() as u64, Relaxed);
        }
    }

    /// Second half: takes what came and hands 20 ms to the listener.
    pub fn receive(&mut self, now: Duration, buffer: &mut [u8], totals: &mut Totals) {
        let Some(params) = &self.params else {
            Receiver::discard(&self.sockets.rtp, buffer);
            return;
        };
        let Self { outlet, bridge, .. } = self;
        let mut digit = |digit| {
            if let Some(bridge) = bridge.as_mut() {
                bridge.send(Crossing::Digit(digit));
            }
            outlet.control(MediaEvent::Digit(digit));
        };
        self.receiver.drain(&self.sockets.rtp, params, now, buffer, &mut digit);
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(RTCP_STEPS) {
            self.receiver.drain_rtcp(&self.sockets, now, buffer);
        }
        let mut heard = self.receiver.next_frame();
        if !params.direction.receives() {
            heard = Frame::SILENCE;
        }
        if params.direction == Direction::SendRecv && params.watch {
            if self.receiver.times_out(now, self.timeout) {
                self.outlet.control(MediaEvent::TimedOut);
            }
        } else {
            self.receiver.restart_timeout(now);
        }
        if self.bridge.as_ref().is_some_and(BridgePort::is_over) {
            self.bridge = None;
        }
        if let Some(bridge) = &mut self.bridge {
            bridge.send(Crossing::Audio(heard));
        }
        self.record(heard);
        let counters = &self.shared.counters;
        if !self.outlet.audio(heard) {
            counters.events_dropped.fetch_add(1, Relaxed);
        }
        let before = super::MediaStats::of(counters);
        self.receiver.count(counters);
        totals.add(&before, &super::MediaStats::of(counters));
    }

    fn record(&mut self, heard: Frame) {
        let Some(recording) = &mut self.recording else { return };
        if recording.is_over() {
            self.recording = None;
        } else if !recording.push(heard, self.sent) {
            self.shared.counters.recording_dropped.fetch_add(1, Relaxed);
        }
    }

    fn obey(&mut self, now: Duration) {
        let mut commands = std::mem::take(&mut self.commands);
        if !self.shared.inbox.take(&mut commands) {
            self.commands = commands;
            return;
        }
        for command in commands.drain(..) {
            self.command(command, now);
        }
        self.commands = commands;
    }

    fn command(&mut self, command: Command, now: Duration) {
        match command {
            Command::Configure(params) => {
                self.receiver.configure(&params, now);
                self.params = Some(params);
            }
            Command::Play { utterance, samples } => {
                let count = samples.len();
                if !self.playout.play(utterance, samples) {
                    self.shared.queued.fetch_sub(count, Relaxed);
                }
            }
            Command::Finish(utterance) => self.playout.finish(utterance),
            Command::Flush => {
                let Self { outlet, playout, shared, .. } = self;
                let dropped = playout.flush(&mut |position| outlet.control(played(position)));
                shared.queued.fetch_sub(dropped, Relaxed);
            }
            Command::Digits(digits) => self.sender.push_digits(&digits, true),
            Command::Tone(tone) => self.tone = tone.map(TonePlayer::new),
            Command::Bridge(port) => self.bridge = port,
            Command::Record(port) => self.recording = Some(port),
        }
    }
}

const fn played(position: Position) -> MediaEvent {
    let Position { utterance, samples, finished } = position;
    MediaEvent::Played { utterance, samples, finished }
}

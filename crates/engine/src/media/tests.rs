use std::{
    net::{SocketAddr, UdpSocket},
    path::PathBuf,
    time::Duration,
};

use offhook_media::{
    Frame,
    rtp::RtpPacket,
    tone::{Tone, tone_share},
    wav::Wav,
};
use offhook_voice::line::UtteranceId;
use tokio::sync::mpsc::Receiver;

use super::*;

const RATE: u32 = 16_000;
const ONE: UtteranceId = UtteranceId(1);

fn pool() -> MediaPool {
    pool_with_timeout(Duration::from_secs(20))
}

fn pool_with_timeout(rtp_timeout: Duration) -> MediaPool {
    MediaPool::start(MediaConfig {
        ports: 0..=0,
        threads: 2,
        rtp_timeout,
        realtime: false,
        ..MediaConfig::default()
    })
    .unwrap()
}

fn params(remote: SocketAddr) -> StreamParams {
    StreamParams { dtmf_payload_type: Some(101), ..StreamParams::new(remote, Codec::Pcmu) }
}

/// Two streams that send to each other, and their events.
fn pair(pool: &MediaPool) -> [(MediaSession, Receiver<MediaEvent>); 2] {
    let (mut a, mut b) = (pool.open().unwrap(), pool.open().unwrap());
    a.configure(params(b.local_addr()));
    b.configure(params(a.local_addr()));
    let (from_a, from_b) = (a.take_events(), b.take_events());
    [(a, from_a), (b, from_b)]
}

/// The audio of so many frames, and the other events among them.
fn listen(events: &mut Receiver<MediaEvent>, frames: usize) -> (Vec<i16>, Vec<MediaEvent>) {
    let (mut audio, mut others) = (Vec::new(), Vec::new());
    while audio.len() < frames * 320 {
        match events.blocking_recv().unwrap() {
            MediaEvent::Audio(Frame(samples)) => audio.extend(samples),
            other => others.push(other),
        }
    }
    (audio, others)
}

fn digits(events: &[MediaEvent]) -> String {
    events
        .iter()
        .filter_map(|event| match event {
            MediaEvent::Digit(digit) => Some(*digit),
            _ => None,
        })
        .collect()
}

/// Samples in 20 ms steps that hold mostly this tone.
fn steps_of(audio: &[i16], hertz: f64) -> usize {
    audio
        .chunks_exact(320)
        .filter(|step| step.iter().any(|s| s.abs() > 500) && tone_share(step, RATE, hertz) > 0.9)
        .count()
}

fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("offhook-media-{}-{name}.wav", std::process::id()))
}

#[test]
fn the_tone_sent_is_the_tone_received_in_both_laws() {
    let pool = pool();
    let [(a, mut from_a), (b, mut from_b)] = pair(&pool);
    b.configure(StreamParams::new(a.local_addr(), Codec::Pcma));
    assert_eq!(a.play(ONE, Tone::sine(440.0).samples(600)), 9_600);
    a.finish(ONE);
    b.play(ONE, Tone::sine(700.0).samples(600));
    let (at_b, _) = listen(&mut from_b, 50);
    let (at_a, played) = listen(&mut from_a, 50);
    assert!(steps_of(&at_b, 440.0) >= 28, "{}", steps_of(&at_b, 440.0));
    assert!(steps_of(&at_a, 700.0) >= 28);
    let last = played.iter().rev().find(|event| matches!(event, MediaEvent::Played { .. }));
    assert!(matches!(last, Some(MediaEvent::Played { samples: 9_600, finished: true, .. })), "{last:?}");
    let stats = b.stats();
    assert_eq!((stats.lost, stats.packets_refused, stats.duplicate), (0, 0, 0));
    assert!(pool.stats().packets_sent >= 90);
}

#[test]
fn digits_cross_once_each_and_their_end_is_told() {
    let pool = pool();
    let [(a, mut from_a), (_b, mut from_b)] = pair(&pool);
    a.send_digits("12,2#").unwrap();
    let (_, at_b) = listen(&mut from_b, 75);
    let (_, at_a) = listen(&mut from_a, 75);
    assert_eq!(digits(&at_b), "122#");
    assert_eq!(at_a.iter().filter(|event| matches!(event, MediaEvent::DigitsSent)).count(), 1);
    assert!(matches!(a.send_digits("12x"), Err(MediaError::NotADigit('x'))));
}

#[test]
fn without_telephone_event_digits_are_sent_as_tones() {
    let pool = pool();
    let [(a, _from_a), (b, mut from_b)] = pair(&pool);
    a.configure(StreamParams::new(b.local_addr(), Codec::Pcmu));
    a.send_digits("5").unwrap();
    let (audio, _) = listen(&mut from_b, 20);
    let both = |step: &[i16]| tone_share(step, RATE, 770.0) > 0.3 && tone_share(step, RATE, 1_336.0) > 0.3;
    let steps = audio.chunks_exact(320).filter(|step| both(step)).count();
    assert!((4..=6).contains(&steps), "{steps}");
}

#[test]
fn a_flush_silences_within_40_ms_of_the_wire_and_tells_where() {
    let pool = pool();
    let mut a = pool.open().unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    a.configure(params(peer.local_addr().unwrap()));
    let mut events = a.take_events();
    a.play(ONE, Tone::sine(440.0).samples(2_000));
    let mut buffer = [0; 1_500];
    let mut receive = || {
        let length = peer.recv(&mut buffer).unwrap();
        RtpPacket::parse(&buffer[..length]).unwrap().payload.iter().any(|&code| code != 0xFF)
    };
    while !receive() {}
    for _ in 0..10 {
        assert!(receive());
    }
    a.flush();
    let loud = (0..10).filter(|_| receive()).count();
    assert!(loud <= 2, "{loud} packets after the flush");
    let (_, others) = listen(&mut events, 25);
    let Some(&MediaEvent::Played { samples, finished: false, .. }) = others.last() else {
        panic!("{others:?}")
    };
    assert!(samples.is_multiple_of(320) && (3_520..=4_480).contains(&samples), "{samples}");
    assert_eq!(a.play(ONE, vec![1; 320]), 320);
    assert!((0..5).all(|_| !receive()), "stale audio was sent");
}

#[test]
fn sequence_and_timestamps_go_on_through_a_hold() {
    let pool = pool();
    let a = pool.open().unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let params = params(peer.local_addr().unwrap());
    a.configure(params.clone());
    let mut buffer = [0; 1_500];
    let mut receive = || {
        let length = peer.recv(&mut buffer).ok()?;
        let packet = RtpPacket::parse(&buffer[..length]).unwrap();
        Some((packet.sequence, packet.timestamp, packet.marker, packet.payload.len()))
    };
    let first = receive().unwrap();
    assert_eq!((first.2, first.3), (true, 160));
    let second = receive().unwrap();
    assert_eq!(second, (first.0.wrapping_add(1), first.1.wrapping_add(160), false, 160));
    a.configure(StreamParams { direction: Direction::RecvOnly, ..params.clone() });
    let mut last = second;
    while let Some(packet) = receive() {
        last = packet;
    }
    a.configure(params);
    let resumed = receive().unwrap();
    assert_eq!((resumed.0, resumed.2), (last.0.wrapping_add(1), true));
    let gap = resumed.1.wrapping_sub(last.1);
    assert!(gap.is_multiple_of(160) && gap >= 1_600, "{gap}");
}

#[test]
fn a_stranger_is_not_heard_after_the_lock() {
    let pool = pool();
    let [(a, mut from_a), (b, mut from_b)] = pair(&pool);
    listen(&mut from_b, 5);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    for sequence in 0..20 {
        let packet = RtpPacket {
            marker: false,
            payload_type: 0,
            sequence,
            timestamp: u32::from(sequence) * 160,
            ssrc: 99,
            payload: &[0x80; 160],
        };
        let mut buffer = [0; 200];
        let length = packet.write(&mut buffer).unwrap();
        stranger.send_to(&buffer[..length], b.local_addr()).unwrap();
        stranger.send_to(b"no RTP at all", b.local_addr()).unwrap();
    }
    let (audio, _) = listen(&mut from_b, 15);
    assert!(audio.iter().all(|&s| s == 0));
    assert_eq!(b.stats().packets_refused, 40);
    assert!(stranger.recv_from(&mut [0; 200]).is_err(), "a stranger was answered");
    listen(&mut from_a, 1);
    assert_eq!(a.stats().packets_refused, 0);
}

#[test]
fn missing_rtp_is_told_once_and_not_while_held() {
    let pool = pool_with_timeout(Duration::from_millis(200));
    let mut a = pool.open().unwrap();
    let mut events = a.take_events();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let params = params(silent.local_addr().unwrap());
    a.configure(StreamParams { direction: Direction::RecvOnly, ..params.clone() });
    assert!(listen(&mut events, 20).1.is_empty());
    a.configure(params);
    let (_, others) = listen(&mut events, 40);
    assert_eq!(others.iter().filter(|event| matches!(event, MediaEvent::TimedOut)).count(), 1);
}

#[test]
fn a_bridge_joins_two_far_ends_with_their_digits() {
    let pool = pool();
    let [(left, _left_events), (caller, mut at_caller)] = pair(&pool);
    let [(right, _right_events), (callee, mut at_callee)] = pair(&pool);
    left.bridge(&right);
    caller.play(ONE, Tone::sine(440.0).samples(800));
    callee.play(ONE, Tone::sine(700.0).samples(800));
    callee.send_digits(",9").unwrap();
    let (heard_by_callee, _) = listen(&mut at_callee, 60);
    let (heard_by_caller, others) = listen(&mut at_caller, 60);
    assert!(steps_of(&heard_by_callee, 440.0) >= 35);
    assert_eq!(digits(&others), "9");
    let (after, _) = listen(&mut at_caller, 40);
    assert!(steps_of(&heard_by_caller, 700.0) + steps_of(&after, 700.0) >= 35);
    left.unbridge();
    listen(&mut at_callee, 5);
    caller.play(UtteranceId(2), Tone::sine(440.0).samples(400));
    assert_eq!(steps_of(&listen(&mut at_callee, 20).0, 440.0), 0);
}

#[test]
fn a_loop_tone_plays_until_stopped() {
    let pool = pool();
    let [(a, _from_a), (_b, mut from_b)] = pair(&pool);
    a.loop_tone(Tone { off_ms: 0, ..Tone::sine(440.0) });
    assert!(steps_of(&listen(&mut from_b, 20).0, 440.0) >= 12);
    a.stop_tone();
    listen(&mut from_b, 8);
    assert_eq!(steps_of(&listen(&mut from_b, 10).0, 440.0), 0);
}

#[test]
fn agent_audio_beyond_four_seconds_is_dropped_and_counted() {
    let pool = pool();
    let a = pool.open().unwrap();
    assert_eq!(a.play(ONE, vec![0; 100_000]), 64_000);
    assert_eq!(a.play(ONE, vec![0; 100]), 0);
    assert_eq!(a.stats().agent_dropped, 36_100);
    assert_eq!(a.queued(), Duration::from_secs(4));
}

#[test]
fn a_recording_holds_the_far_end_left_and_us_right() {
    let pool = pool();
    let [(a, mut from_a), (b, _from_b)] = pair(&pool);
    let recording = a.record(scratch("stereo"));
    a.play(ONE, Tone::sine(440.0).samples(500));
    b.play(ONE, Tone::sine(700.0).samples(500));
    listen(&mut from_a, 20);
    // A copy made midway is what a killed process would leave.
    let copy = Wav::parse(&std::fs::read(recording.path()).unwrap()).unwrap();
    assert!(steps_of(&copy.channels[1], 440.0) >= 8);
    listen(&mut from_a, 20);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let summary = runtime.block_on(recording.finish()).unwrap();
    let bytes = std::fs::read(&summary.path).unwrap();
    std::fs::remove_file(&summary.path).unwrap();
    assert_eq!(bytes.len() as u64, summary.bytes);
    let wav = Wav::parse(&bytes).unwrap();
    assert_eq!(wav.format.rate, RATE);
    assert!(wav.channels[0].len() >= 38 * 320 && summary.length >= Duration::from_millis(760));
    assert!(steps_of(&wav.channels[0], 700.0) >= 22);
    assert!(steps_of(&wav.channels[1], 440.0) >= 22);
    assert_eq!(steps_of(&wav.channels[0], 440.0) + steps_of(&wav.channels[1], 700.0), 0);
    assert_eq!(a.stats().recording_dropped, 0);
}

#[test]
fn a_recording_that_cannot_be_written_says_so_and_the_call_goes_on() {
    let pool = pool();
    let [(a, mut from_a), _b] = pair(&pool);
    let recording = a.record(PathBuf::from("/dev/null/no/such.wav"));
    listen(&mut from_a, 10);
    let full = a.record(PathBuf::from("/dev/full"));
    listen(&mut from_a, 10);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(matches!(runtime.block_on(recording.finish()), Err(RecordingError::Create { .. })));
    assert!(runtime.block_on(full.finish()).is_err());
    listen(&mut from_a, 5);
}

#[test]
fn closing_the_pool_completes_recordings_and_refuses_new_streams() {
    let pool = pool();
    let [(a, mut from_a), _b] = pair(&pool);
    let recording = a.record(scratch("closed"));
    listen(&mut from_a, 10);
    pool.close();
    let path = recording.path().to_owned();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(Wav::parse(&bytes).unwrap().channels[0].len() >= 8 * 320);
    assert!(matches!(pool.open(), Err(MediaError::Stopped)));
    assert!(std::iter::from_fn(|| from_a.try_recv().ok()).count() < 10);
}

#[test]
fn a_dropped_session_frees_its_port() {
    let pool = pool();
    let a = pool.open().unwrap();
    let address = a.local_addr();
    drop(a);
    let freed = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        UdpSocket::bind(address).is_ok()
    });
    assert!(freed);
    assert_eq!(pool.stats().sessions, 0);
}

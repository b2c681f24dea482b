use proptest::prelude::*;

use super::*;

/// Packet `n` of a recognisable stream: a loud ramp that never repeats.
fn packet(n: usize, samples: usize) -> Vec<i16> {
    (0..samples).map(|k| 1_000 + ((n * samples + k) % 20_000) as i16).collect()
}

struct Rig {
    buffer: JitterBuffer,
    now: Duration,
    sequence: u16,
    timestamp: u32,
}

impl Rig {
    fn new(sequence: u16, timestamp: u32) -> Self {
        Self { buffer: JitterBuffer::new(8_000), now: Duration::ZERO, sequence, timestamp }
    }

    fn push(&mut self, n: usize, samples: usize) {
        let sequence = self.sequence.wrapping_add(n as u16);
        let timestamp = self.timestamp.wrapping_add((n * samples) as u32);
        self.buffer.push(sequence, timestamp, self.now, &packet(n, samples));
    }

    fn pull(&mut self) -> (Pulled, Vec<i16>) {
        let mut out = vec![0; 160];
        let pulled = self.buffer.pull(&mut out);
        self.now += Duration::from_millis(20);
        (pulled, out)
    }
}

#[test]
fn audio_comes_out_unchanged_after_40_ms() {
    let mut rig = Rig::new(65_530, u32::MAX - 500);
    for n in 0..50 {
        rig.push(n, 160);
        let (_, out) = rig.pull();
        match n.checked_sub(2) {
            None => assert_eq!(out, vec![0; 160]),
            Some(before) => assert_eq!(out, packet(before, 160), "frame {n}"),
        }
    }
    let stats = rig.buffer.stats();
    assert_eq!((stats.received, stats.lost, stats.late, stats.concealed), (50, 0, 0, 0));
    assert!(rig.buffer.jitter() < Duration::from_millis(1));
}

#[test]
fn packets_of_10_to_60_ms_are_handed_out_20_ms_at_a_time() {
    for ptime in [10, 20, 30, 40, 60] {
        let samples = ptime * 8;
        let mut rig = Rig::new(0, 0);
        let mut sent = 0;
        let mut heard = Vec::new();
        for tick in 0..60 {
            while sent * ptime <= tick * 20 {
                rig.push(sent, samples);
                sent += 1;
            }
            heard.extend(rig.pull().1);
        }
        let whole: Vec<i16> = (0..sent).flat_map(|n| packet(n, samples)).collect();
        assert_eq!(heard[320..], whole[..heard.len() - 320], "{ptime} ms");
    }
}

#[test]
fn a_lost_packet_is_counted_and_made_up() {
    let mut rig = Rig::new(0, 0);
    let mut kinds = Vec::new();
    for n in 0..20 {
        if n != 10 {
            rig.push(n, 160);
        }
        kinds.push(rig.pull().0);
    }
    assert_eq!(kinds[12], Pulled::Concealed);
    assert_eq!(kinds.iter().filter(|&&kind| kind == Pulled::Concealed).count(), 1);
    let stats = rig.buffer.stats();
    assert_eq!((stats.lost, stats.concealed), (1, 160));
}

#[test]
fn a_stall_of_the_network_delays_words_but_loses_none() {
    let mut rig = Rig::new(0, 0);
    let mut heard = Vec::new();
    for tick in 0..100 {
        match tick {
            50..53 => {}
            53 => (50..54).for_each(|n| rig.push(n, 160)),
            n => rig.push(n, 160),
        }
        heard.extend(rig.pull().1);
    }
    // The middle of every packet is there; edges may be faded.
    for n in 0..90 {
        let middle = &packet(n, 160)[100..120];
        assert!(heard.windows(20).any(|window| window == middle), "packet {n}");
    }
    assert!(rig.buffer.delay() <= Duration::from_millis(120));
}

#[test]
fn the_delay_shrinks_again_in_silence() {
    let mut rig = Rig::new(0, 0);
    let silence = [0; 160];
    let send = |rig: &mut Rig, n: usize| {
        rig.buffer.push(n as u16, n as u32 * 160, rig.now, &silence);
    };
    for tick in 0..1_000 {
        match tick {
            50..53 => {}
            53 => (50..54).for_each(|n| send(&mut rig, n)),
            n => send(&mut rig, n),
        }
        rig.pull();
    }
    assert!(rig.buffer.delay() <= Duration::from_millis(60), "{:?}", rig.buffer.delay());
}

#[test]
fn on_a_steady_network_the_delay_falls_to_20_ms_in_silence() {
    let mut rig = Rig::new(0, 0);
    for n in 0..200 {
        let audio = if n < 110 { packet(n, 160) } else { vec![0; 160] };
        rig.buffer.push(n as u16, n as u32 * 160, rig.now, &audio);
        let before = rig.buffer.delay();
        rig.pull();
        if n < 110 {
            // Nothing is cut out of speech.
            assert_eq!(before, Duration::from_millis(60), "frame {n}");
        }
    }
    assert_eq!(rig.buffer.delay(), Duration::from_millis(20));
    let stats = rig.buffer.stats();
    assert_eq!((stats.lost, stats.late, stats.concealed), (0, 0, 0));
}

#[test]
fn a_pause_of_the_sender_is_silence_and_no_loss() {
    let mut rig = Rig::new(0, 0);
    for n in 0..10 {
        rig.push(n, 160);
        rig.pull();
    }
    rig.buffer.push_other(10, 1_600);
    for _ in 10..60 {
        rig.pull();
    }
    let mut last = Vec::new();
    for n in 0..5u16 {
        rig.buffer.push(11 + n, (60 + u32::from(n)) * 160, rig.now, &packet(60 + usize::from(n), 160));
        last = rig.pull().1;
    }
    assert_eq!(last, packet(62, 160));
    let stats = rig.buffer.stats();
    assert_eq!((stats.lost, stats.concealed, stats.late), (0, 0, 0));
}

#[test]
fn a_sender_whose_clock_stood_still_is_followed() {
    let mut rig = Rig::new(0, 0);
    for n in 0..10 {
        rig.push(n, 160);
        rig.pull();
    }
    for _ in 0..100 {
        rig.pull();
    }
    let mut heard = Vec::new();
    for n in 10..30 {
        rig.push(n, 160);
        heard.extend(rig.pull().1);
    }
    let middle = &packet(20, 160)[100..120];
    assert!(heard.windows(20).any(|window| window == middle));
}

#[test]
fn a_jump_of_the_clock_is_followed() {
    let mut rig = Rig::new(0, 0);
    for n in 0..10 {
        rig.push(n, 160);
        rig.pull();
    }
    rig.timestamp = 3_000_000_000;
    let mut heard = Vec::new();
    for n in 10..30 {
        rig.push(n, 160);
        heard.extend(rig.pull().1);
    }
    assert!(heard.windows(20).any(|window| window == &packet(15, 160)[100..120]));
}

#[test]
fn a_new_source_starts_afresh_and_keeps_the_counts() {
    let mut rig = Rig::new(0, 0);
    for n in [0, 1, 3] {
        rig.push(n, 160);
        rig.pull();
    }
    rig.buffer.reset();
    rig.sequence = 40_000;
    rig.timestamp = 77;
    for n in 0..5 {
        rig.push(n, 160);
        rig.pull();
    }
    let stats = rig.buffer.stats();
    assert_eq!((stats.received, stats.lost), (8, 1));
}

proptest! {
    #[test]
    fn reordered_and_repeated_packets_come_out_whole(
        sequence: u16, timestamp: u32,
        // At each step: 0 in order, 1 swapped with the next, 2 sent twice.
        faults in proptest::collection::vec(0u8..3, 60),
    ) {
        let mut order: Vec<Vec<usize>> = (0..60).map(|n| vec![n]).collect();
        for (n, fault) in faults.iter().enumerate().skip(1).take(58) {
            match fault {
                1 if order[n] == [n] => {
                    order[n].clear();
                    order[n + 1].insert(0, n + 1);
                    order[n + 1] = vec![n + 1, n];
                }
                2 => order[n].push(n),
                _ => {}
            }
        }
        let mut rig = Rig::new(sequence, timestamp);
        let mut heard = Vec::new();
        for tick in order {
            for n in tick {
                rig.push(n, 160);
            }
            heard.extend(rig.pull().1);
        }
        let whole: Vec<i16> = (0..60).flat_map(|n| packet(n, 160)).collect();
        prop_assert_eq!(&heard[320..], &whole[..58 * 160]);
        prop_assert_eq!(rig.buffer.stats().lost, 0);
    }

    #[test]
    fn every_lost_packet_is_counted_once(lost in proptest::collection::vec(proptest::bool::weighted(0.2), 80)) {
        let mut rig = Rig::new(65_500, 0);
        for n in 0..82 {
            if n == 0 || n > 80 || !lost[n - 1] {
                rig.push(n, 160);
            }
            rig.pull();
        }
        prop_assert_eq!(rig.buffer.stats().lost, lost.iter().filter(|&&l| l).count() as u64);
    }

    #[test]
    fn no_sequence_of_packets_breaks_it(
        packets in proptest::collection::vec((any::<u16>(), any::<u32>(), 0usize..600, 0u8..4), 0..200)
    ) {
        let mut rig = Rig::new(0, 0);
        for (sequence, timestamp, length, kind) in packets {
            match kind {
                0 => rig.buffer.push_other(sequence, timestamp),
                1 => rig.buffer.push(sequence % 64, timestamp % 8_192, rig.now, &vec![1; length]),
                _ => rig.buffer.push(sequence, timestamp, rig.now, &vec![1; length]),
            }
            rig.pull();
        }
        prop_assert!(rig.buffer.delay() <= Duration::from_secs(1));
    }
}

/// Delivers a minute of talk with pauses, packet `n` delayed by `jitter_ms(n)`
/// or lost; returns the buffer at the end and the largest delay.
fn impaired_minute(mut jitter_ms: impl FnMut(usize) -> Option<u64>) -> (JitterBuffer, Duration) {
    let mut rig = Rig::new(60_000, 5);
    let mut arrivals: Vec<(u64, usize)> =
        (0..3_000).filter_map(|n| Some((n as u64 * 20 + jitter_ms(n)?, n))).collect();
    arrivals.sort_unstable();
    let mut arrivals = arrivals.into_iter().peekable();
    let mut largest = Duration::ZERO;
    for tick in 0..3_000u64 {
        while let Some((_, n)) = arrivals.next_if(|&(at, _)| at <= tick * 20) {
            let audio = if n % 100 < 80 { packet(n, 160) } else { vec![0; 160] };
            let (sequence, timestamp) = (60_000u16.wrapping_add(n as u16), 5 + n as u32 * 160);
            rig.buffer.push(sequence, timestamp, rig.now, &audio);
        }
        largest = largest.max(rig.buffer.delay());
        rig.pull();
    }
    (rig.buffer, largest)
}

#[test]
fn at_5_percent_loss_and_40_ms_jitter_almost_only_the_lost_is_made_up() {
    let mut random = 1u64;
    let mut next = move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        random >> 33
    };
    let (buffer, largest) = impaired_minute(|_| (next() % 100 >= 5).then(|| next() % 41));
    let stats = buffer.stats();
    let concealed = stats.concealed as f64 / (3_000.0 * 160.0);
    assert!((100..=200).contains(&stats.lost), "{stats:?}");
    assert!(stats.late <= 30 && concealed < 0.07, "{concealed} {stats:?}");
    assert!(largest <= Duration::from_millis(160), "{largest:?}");
}

#[test]
fn a_slow_clock_at_the_far_end_loses_no_more_than_its_drift() {
    // 200 ppm: 12 ms in the minute.
    let (buffer, _) = impaired_minute(|n| Some(n as u64 * 20 / 5_000));
    let stats = buffer.stats();
    assert_eq!((stats.lost, stats.late), (0, 0));
}

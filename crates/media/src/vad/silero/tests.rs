use super::*;
use crate::frame::FRAME_SAMPLES;

/// A crude vowel: a 120 Hz pulse train through three formants, in syllables
/// of a quarter of a second with a falling pitch.
fn babbled_vowels(frames: usize) -> Vec<Frame> {
    let formants = [[730.0_f32, 1090.0, 2440.0], [270.0, 2290.0, 3010.0], [570.0, 840.0, 2410.0]];
    let total = frames * FRAME_SAMPLES;
    let mut memory = [[0.0_f32; 2]; 3];
    let mut phase = 0.0_f32;
    let mut out = Vec::with_capacity(total);
    for i in 0..total {
        let t = i as f32 / RATE as f32;
        let syllable = (t / 0.25) as usize;
        let within = (t / 0.25).fract();
        phase += (150.0 - 40.0 * within) / RATE as f32;
        let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
        phase = phase.fract();
        let envelope = (std::f32::consts::PI * within).sin();
        let mut sample = 0.0;
        for (f, m) in formants[syllable % 3].iter().zip(&mut memory) {
            let r = (-std::f32::consts::PI * 80.0 / RATE as f32).exp();
            let y = pulse + 2.0 * r * (std::f32::consts::TAU * f / RATE as f32).cos() * m[0] - r * r * m[1];
            m[1] = m[0];
            m[0] = y;
            sample += y;
        }
        out.push((sample * envelope * 1500.0).clamp(-32_000.0, 32_000.0) as i16);
    }
    out.chunks_exact(FRAME_SAMPLES).map(|c| Frame(c.try_into().unwrap())).collect()
}

fn white_noise(frames: usize, amplitude: f32) -> Vec<Frame> {
    let mut seed = 7_u32;
    let mut frame = || {
        let mut f = Frame::SILENCE;
        for s in &mut f.0 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *s = (((seed >> 8) as f32 / 8_388_608.0 - 1.0) * amplitude) as i16;
        }
        f
    };
    (0..frames).map(|_| frame()).collect()
}

fn mean(vad: &mut SileroVad, frames: &[Frame]) -> f32 {
    frames.iter().map(|f| vad.push(f)).sum::<f32>() / frames.len() as f32
}

#[test]
fn vowels_are_speech_and_noise_is_not() {
    let mut vad = SileroVad::new().unwrap();
    let speech = mean(&mut vad, &babbled_vowels(150));
    vad.reset();
    let noise = mean(&mut vad, &white_noise(150, 3000.0));
    assert!(speech > 0.5, "speech {speech}");
    assert!(noise < 0.2, "noise {noise}");
}

#[test]
fn silence_never_runs_the_network() {
    let mut vad = SileroVad::new().unwrap();
    for _ in 0..500 {
        assert_eq!(vad.push(&Frame::SILENCE), 0.0);
    }
    assert_eq!(vad.windows_run(), 0);
    assert_eq!(vad.windows_skipped(), 500 * 320 / 512);
}

#[test]
fn the_gate_closes_again_after_speech() {
    let mut vad = SileroVad::new().unwrap();
    mean(&mut vad, &babbled_vowels(100));
    let busy = vad.windows_run();
    assert!(busy > 55, "{busy}");
    mean(&mut vad, &vec![Frame::SILENCE; 500]);
    assert!(vad.windows_run() - busy < 20);
    assert_eq!(vad.push(&Frame::SILENCE), 0.0);
}

#[test]
fn calls_on_many_threads_do_not_disturb_each_other() {
    let frames = babbled_vowels(60);
    let alone: Vec<f32> = {
        let mut vad = SileroVad::new().unwrap();
        frames.iter().map(|f| vad.push(f)).collect()
    };
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut vad = SileroVad::new().unwrap();
                let here: Vec<f32> = frames.iter().map(|f| vad.push(f)).collect();
                assert_eq!(here, alone);
            });
        }
    });
}

#[test]
fn reset_forgets() {
    let frames = babbled_vowels(40);
    let mut vad = SileroVad::new().unwrap();
    let first: Vec<f32> = frames.iter().map(|f| vad.push(f)).collect();
    vad.reset();
    let second: Vec<f32> = frames.iter().map(|f| vad.push(f)).collect();
    assert_eq!(first, second);
}

#[test]
#[ignore = "prints the cost of a frame; run with --no-capture"]
#[expect(clippy::print_stdout, reason = "a measurement for a person")]
fn cost_per_frame() {
    let frames = babbled_vowels(1500);
    let mut vad = SileroVad::new().unwrap();
    let start = std::time::Instant::now();
    mean(&mut vad, &frames);
    let spent = start.elapsed();
    println!("{:?} per 20 ms frame, {:.2} % of a core", spent / 1500, spent.as_secs_f64() / 30.0 * 100.0);
}

//! `offhook demo` plays a whole call and keeps its recording.

use std::process::Command;

#[test]
fn the_demo_holds_a_conversation_and_leaves_its_recording() {
    let dir = tempfile::tempdir().unwrap();
    let wav = dir.path().join("demo.wav");
    let output = Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(["demo", "--recording"])
        .arg(&wav)
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("nine to five") || said.contains("two days"), "{said}");
    let recording = std::fs::read(&wav).unwrap();
    assert_eq!((&recording[..4], &recording[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
    assert!(recording.len() > 16_000 * 4 * 5, "at least five seconds of stereo");
}

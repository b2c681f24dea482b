//! Whether the conversation took place: judged by the API's record and the
//! recording's sound, not by the absence of errors.

use anyhow::{Context, bail};
use serde_json::Value;

use super::script;

/// Root mean square, as a share of full scale, below which a channel is silent.
const AUDIBLE: f64 = 0.005;

pub fn judge(call: &Value, wav: &[u8]) -> anyhow::Result<()> {
    if call["status"] != "completed" {
        bail!("the call ended as {} ({})", call["status"], call["disconnectionReason"]);
    }
    let rows = call["transcripts"].as_array().context("the call has no transcript")?;
    let heard = rows.iter().filter(|row| row["transcript"].as_str().is_some_and(|words| !words.is_empty()));
    if heard.count() == 0 {
        bail!("the agent understood nothing of what the caller said");
    }
    let said: String =
        rows.iter().filter_map(|row| row["response"].as_str()).collect::<Vec<_>>().join(" ").to_lowercase();
    for (question, answer) in script::LINES.iter().zip(script::ANSWERS) {
        if !said.contains(answer) {
            bail!("the agent did not answer \"{question}\"");
        }
    }
    for (side, level) in ["caller", "agent"].iter().zip(levels(wav)?) {
        if level < AUDIBLE {
            bail!("the {side}'s channel of the recording is silent");
        }
    }
    Ok(())
}

/// Levels of the two channels of a 16-bit stereo WAV.
fn levels(wav: &[u8]) -> anyhow::Result<[f64; 2]> {
    let data = wav.windows(4).position(|word| word == b"data").context("the recording is not a WAV")?;
    let samples = wav.get(data + 8..).context("the recording is empty")?;
    let (mut sums, mut count) = ([0.0_f64; 2], 0_u32);
    for frame in samples.chunks_exact(4) {
        for (side, sum) in sums.iter_mut().enumerate() {
            let sample = f64::from(i16::from_le_bytes([frame[side * 2], frame[side * 2 + 1]])) / 32_768.0;
            *sum += sample * sample;
        }
        count += 1;
    }
    Ok(sums.map(|sum| (sum / f64::from(count.max(1))).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wav(left: i16, right: i16) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVEdata\0\0\0\0".to_vec();
        for at in 0..800 {
            let sign = if at % 2 == 0 { 1 } else { -1 };
            bytes.extend((left * sign).to_le_bytes());
            bytes.extend((right * sign).to_le_bytes());
        }
        bytes
    }

    fn call(heard: &str, said: &str) -> Value {
        json!({"status": "completed", "transcripts": [{"transcript": heard, "response": said}]})
    }

    #[test]
    fn a_conversation_needs_words_both_ways_and_two_audible_channels() {
        let good = call("opening hours", "Nine to five. We are at twelve Main Street.");
        assert!(judge(&good, &wav(900, 900)).is_ok());
        assert!(judge(&good, &wav(0, 900)).is_err());
        assert!(judge(&good, &wav(900, 0)).is_err());
        assert!(judge(&call("", "nine to five, twelve main street"), &wav(900, 900)).is_err());
        assert!(judge(&call("hours", "I do not know."), &wav(900, 900)).is_err());
    }
}

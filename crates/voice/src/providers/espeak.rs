//! espeak-ng as a process of its own: every language flite does not speak.
//!
//! A process, not the library, because espeak-ng is under the GPL and its
//! library speaks for one caller at a time. One per clause; the first sound
//! comes after some 10 ms. The text goes through its standard input, never
//! onto the command line.

use std::{process::Stdio, sync::Arc, time::Duration};

use futures::StreamExt;
use offhook_media::frame::RATE;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    sync::{Semaphore, mpsc},
};
use tokio_util::sync::CancellationToken;

use super::{clauses::ClauseAudio, level::amplify, rate::RateConverter, speakable};
use crate::speech::{SpeechChunk, SpeechError};

const ENGINE: &str = "espeak-ng";
const PROGRAM: &str = "espeak-ng";
/// Brings it to the loudness of the other voices.
const GAIN: f32 = 1.25;
/// Words per minute at speed 1.
const NORMAL_WPM: f64 = 175.0;
/// Processes at a time in this server.
const PROCESSES: usize = 32;
/// No output for so long means that it hangs.
const STALL: Duration = Duration::from_secs(5);
/// Bytes up to which the WAV header must be complete.
const LONGEST_HEADER: usize = 4096;

/// How one of espeak-ng's voices is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EspeakStyle {
    /// Its name, e.g. `pt-br`; see [`voice_for`].
    pub voice: &'static str,
    /// A variant, e.g. `f2`.
    pub variant: &'static str,
    /// 0 to 99; 50 is normal.
    pub pitch: u8,
}

/// espeak-ng's nearest voice for each locale of the contract.
const VOICES: [(&str, &str); 63] = [
    ("af-ZA", "af"),
    ("ar-SA", "ar"),
    ("az-AZ", "az"),
    ("bg-BG", "bg"),
    ("bs-BA", "bs"),
    ("ca-ES", "ca"),
    ("cs-CZ", "cs"),
    ("cy-GB", "cy"),
    ("da-DK", "da"),
    ("de-DE", "de"),
    ("el-GR", "el"),
    ("en-AU", "en-gb"),
    ("en-GB", "en-gb"),
    ("en-IN", "en-gb"),
    ("en-NZ", "en-gb"),
    ("en-US", "en-us"),
    ("es-419", "es-419"),
    ("es-ES", "es"),
    ("fa-IR", "fa"),
    ("fi-FI", "fi"),
    // Filipino has no voice; Malay is the nearest in sounds and spelling.
    ("fil-PH", "ms"),
    ("fr-CA", "fr-fr"),
    ("fr-FR", "fr-fr"),
    // Galician has none; Portuguese is the nearest.
    ("gl-ES", "pt"),
    ("he-IL", "he"),
    ("hi-IN", "hi"),
    ("hr-HR", "hr"),
    ("hu-HU", "hu"),
    ("hy-AM", "hy"),
    ("id-ID", "id"),
    ("is-IS", "is"),
    ("it-IT", "it"),
    ("ja-JP", "ja"),
    ("kk-KZ", "kk"),
    ("kn-IN", "kn"),
    ("ko-KR", "ko"),
    ("lt-LT", "lt"),
    ("lv-LV", "lv"),
    ("mk-MK", "mk"),
    ("mr-IN", "mr"),
    ("ms-MY", "ms"),
    ("ne-NP", "ne"),
    ("nl-BE", "nl"),
    ("nl-NL", "nl"),
    ("no-NO", "nb"),
    ("pl-PL", "pl"),
    ("pt-BR", "pt-br"),
    ("pt-PT", "pt"),
    ("ro-RO", "ro"),
    ("ru-RU", "ru"),
    ("sk-SK", "sk"),
    ("sl-SI", "sl"),
    ("sr-RS", "sr"),
    ("sv-SE", "sv"),
    ("sw-KE", "sw"),
    ("ta-IN", "ta"),
    ("th-TH", "th"),
    ("tr-TR", "tr"),
    ("uk-UA", "uk"),
    ("ur-IN", "ur"),
    ("vi-VN", "vi"),
    ("yue-CN", "yue"),
    ("zh-CN", "cmn"),
];

/// espeak-ng's nearest voice for a locale; for one the contract does not list,
/// another of the same language, else American English.
#[must_use]
pub fn voice_for(locale: &str) -> &'static str {
    let language = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let wanted = language(locale);
    VOICES
        .iter()
        .find(|(tag, _)| tag.eq_ignore_ascii_case(locale))
        .or_else(|| VOICES.iter().find(|(tag, _)| language(tag) == wanted))
        .map_or("en-us", |(_, voice)| voice)
}

/// What `espeak-ng --version` says, if it is installed. Blocks.
#[must_use]
pub fn version() -> Option<String> {
    let output = std::process::Command::new(PROGRAM).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split("text-to-speech:").nth(1)?.split_whitespace().next()?;
    Some(version.to_owned())
}

/// Speaks a clause at `speed` (1 is the voice's own).
pub(super) fn speak(
    style: &EspeakStyle,
    speed: f64,
    clause: &str,
    cancel: &CancellationToken,
) -> ClauseAudio {
    let Some(text) = speakable::speakable(clause) else { return futures::stream::empty().boxed() };
    let arguments = [
        "--stdin".to_owned(),
        "--stdout".to_owned(),
        "-b1".to_owned(),
        format!("-v{}+{}", style.voice, style.variant),
        format!("-s{}", (NORMAL_WPM * speed).clamp(80.0, 450.0).round()),
        format!("-p{}", style.pitch.min(99)),
    ];
    // A second and a half: a process ahead of its listener waits in the pipe.
    let (out, audio) = mpsc::channel(16);
    let cancel = cancel.clone();
    tokio::spawn(async move {
        let outcome = tokio::select! {
            () = cancel.cancelled() => Ok(()),
            () = out.closed() => Ok(()),
            outcome = run(PROGRAM, &arguments, text, &out) => outcome,
        };
        if let Err(error) = outcome {
            // Nobody listens any more: fine.
            let _ = out.send(Err(error)).await;
        }
    });
    futures::stream::unfold(audio, |mut audio| async { Some((audio.recv().await?, audio)) }).boxed()
}

type Out = mpsc::Sender<Result<SpeechChunk, SpeechError>>;

/// Dropping the future kills the process.
async fn run(program: &str, arguments: &[String], text: String, out: &Out) -> Result<(), SpeechError> {
    static PERMITS: std::sync::LazyLock<Arc<Semaphore>> =
        std::sync::LazyLock::new(|| Arc::new(Semaphore::new(PROCESSES)));
    let failed = |reason: String| SpeechError::Failed { engine: ENGINE, reason };
    let _permit = PERMITS.acquire().await.map_err(|e| failed(e.to_string()))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| SpeechError::Unavailable {
            engine: ENGINE,
            reason: format!("{program} could not be started ({e}); install the package espeak-ng"),
        })?;
    let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed("the process has no pipes".into()));
    };
    // At most 8 KB: it fits the pipe, so that writing first cannot deadlock.
    stdin.write_all(text.as_bytes()).await.map_err(|e| failed(e.to_string()))?;
    drop(stdin);

    let mut wav = WavReader::default();
    let mut buffer = vec![0; 4096];
    loop {
        let read = tokio::time::timeout(STALL, stdout.read(&mut buffer))
            .await
            .map_err(|_| SpeechError::Timeout { engine: ENGINE, after: STALL })?
            .map_err(|e| failed(e.to_string()))?;
        if read == 0 {
            break;
        }
        let mut samples = wav.push(&buffer[..read]).map_err(|e| failed(e.to_owned()))?;
        amplify(&mut samples, GAIN);
        if !samples.is_empty() && out.send(Ok(SpeechChunk { samples, marks: Vec::new() })).await.is_err() {
            return Ok(());
        }
    }
    let status = child.wait().await.map_err(|e| failed(e.to_string()))?;
    if !status.success() {
        return Err(failed(format!("the process ended with {status}")));
    }
    let mut tail = wav.finish();
    amplify(&mut tail, GAIN);
    if !tail.is_empty() {
        // Nobody listens any more: fine.
        let _ = out.send(Ok(SpeechChunk { samples: tail, marks: Vec::new() })).await;
    }
    Ok(())
}

/// 16-bit mono WAV of unknown length, as it comes, to 16 kHz.
#[derive(Default)]
pub(super) struct WavReader {
    pending: Vec<u8>,
    converter: Option<RateConverter>,
}

impl WavReader {
    /// Takes bytes and returns the samples they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<i16>, &'static str> {
        self.pending.extend_from_slice(bytes);
        if self.converter.is_none() {
            let Some((rate, data)) = parse_header(&self.pending)? else {
                return if self.pending.len() > LONGEST_HEADER {
                    Err("no WAV header")
                } else {
                    Ok(Vec::new())
                };
            };
            self.pending.drain(..data);
            self.converter = Some(RateConverter::new(f64::from(rate), f64::from(RATE)));
        }
        let whole = self.pending.len() & !1;
        let samples: Vec<i16> =
            self.pending[..whole].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        self.pending.drain(..whole);
        Ok(self.converter.as_mut().map(|c| c.push(&samples)).unwrap_or_default())
    }

    /// The last samples.
    pub(super) fn finish(&mut self) -> Vec<i16> {
        self.converter.as_mut().map(RateConverter::finish).unwrap_or_default()
    }
}

/// Rate and where the samples begin; `None` while the header is incomplete.
fn parse_header(bytes: &[u8]) -> Result<Option<(u32, usize)>, &'static str> {
    if bytes.len() < 12 {
        return Ok(None);
    }
    if &bytes[..4] != b"RIFF" || &bytes[8..12] != b"WAVE" {
        return Err("not a WAV stream");
    }
    let mut at = 12_usize;
    let mut rate = None;
    while let Some(head) = bytes.get(at..at + 8) {
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let body = at + 8;
        match &head[..4] {
            b"data" => return rate.map(|rate| Some((rate, body))).ok_or("WAV without a format"),
            b"fmt " => {
                let Some(f) = bytes.get(body..body + 16) else { return Ok(None) };
                if f[..4] != [1, 0, 1, 0] || f[14..16] != [16, 0] {
                    return Err("WAV is not 16-bit mono PCM");
                }
                let hz = u32::from_le_bytes([f[4], f[5], f[6], f[7]]);
                if !(4000..=192_000).contains(&hz) {
                    return Err("WAV of an unlikely rate");
                }
                rate = Some(hz);
            }
            _ => {}
        }
        if size > LONGEST_HEADER {
            return Err("WAV header too long");
        }
        at = body + size + size % 2;
    }
    Ok(None)
}

#[cfg(test)]
mod tests;

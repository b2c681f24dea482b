//! flite 2.2, linked: the English voices.
//!
//! One thread per C voice, started at its first use: the C structures of a
//! voice carry plain reference counts, so that a voice must not be used from
//! two threads. A clause takes 1.5 % of its length, so that a thread serves
//! some sixty calls that speak at once.

use std::{
    ffi::{CStr, CString, c_int, c_void},
    sync::{Mutex, OnceLock, PoisonError},
};

use futures::StreamExt;
use offhook_media::frame::RATE;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{clauses::ClauseAudio, level::amplify, rate::RateConverter, speakable};
use crate::speech::{SpeechChunk, SpeechError, TextMark};

mod ffi;

const ENGINE: &str = "flite";
/// Samples per callback: 40 ms.
const CHUNK: c_int = 640;
/// Clauses that may wait for a voice.
const WAITING_CLAUSES: usize = 256;
/// Mean pitch of kal16 as recorded, Hz.
const KAL_PITCH_HZ: f32 = 95.0;

/// A voice flite brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FliteVoice {
    /// American woman.
    Slt,
    /// American man.
    Rms,
    /// Scottish man.
    Awb,
    /// American man, by diphones: rougher and forty times cheaper.
    Kal16,
}

impl FliteVoice {
    /// Brings the recordings, which differ by 13 dB, to one loudness.
    const fn gain(self) -> f32 {
        match self {
            Self::Slt => 0.54,
            Self::Rms => 1.0,
            Self::Awb => 0.75,
            Self::Kal16 => 2.4,
        }
    }
}

/// A voice and what is done to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FliteStyle {
    /// The recorded voice.
    pub voice: FliteVoice,
    /// Factor on the pitch.
    pub pitch: f32,
    /// Factor on all resonances, and so on the pitch once more: above 1 a
    /// smaller head.
    pub size: f32,
}

struct Job {
    style: FliteStyle,
    stretch: f32,
    clause: String,
    cancel: CancellationToken,
    out: mpsc::UnboundedSender<Result<SpeechChunk, SpeechError>>,
}

/// Speaks a clause of English at `speed` (1 is the voice's own).
///
/// The audio of a clause may wait unread; its length is bounded, because the
/// text spoken of one clause is.
pub(super) fn speak(style: FliteStyle, speed: f64, clause: &str, cancel: &CancellationToken) -> ClauseAudio {
    let (out, audio) = mpsc::unbounded_channel();
    let job = Job {
        style,
        stretch: speed.clamp(0.25, 4.0).recip() as f32,
        clause: clause.to_owned(),
        cancel: cancel.clone(),
        out,
    };
    let sent = worker(style.voice).and_then(|jobs| {
        jobs.try_send(job).map_err(|_| SpeechError::Failed {
            engine: ENGINE,
            reason: format!("{WAITING_CLAUSES} clauses already wait for this voice"),
        })
    });
    match sent {
        Ok(()) => {
            futures::stream::unfold(audio, |mut audio| async { Some((audio.recv().await?, audio)) }).boxed()
        }
        Err(error) => futures::stream::iter([Err(error)]).boxed(),
    }
}

fn worker(voice: FliteVoice) -> Result<&'static flume::Sender<Job>, SpeechError> {
    static WORKERS: [OnceLock<Option<flume::Sender<Job>>>; 4] = [const { OnceLock::new() }; 4];
    WORKERS[voice as usize]
        .get_or_init(|| {
            let (jobs, queue) = flume::bounded::<Job>(WAITING_CLAUSES);
            std::thread::Builder::new()
                .name(format!("flite-{voice:?}").to_lowercase())
                .spawn(move || {
                    let engine = Engine::register(voice);
                    for job in queue {
                        engine.run(job);
                    }
                })
                .ok()
                .map(|_| jobs)
        })
        .as_ref()
        .ok_or_else(|| SpeechError::Unavailable {
            engine: ENGINE,
            reason: "no thread could be started".into(),
        })
}

/// A registered C voice; stays on the thread that registered it.
struct Engine {
    kind: FliteVoice,
    voice: *mut ffi::Voice,
}

impl Engine {
    fn register(kind: FliteVoice) -> Self {
        static REGISTRATION: Mutex<bool> = Mutex::new(false);
        let mut is_initialised = REGISTRATION.lock().unwrap_or_else(PoisonError::into_inner);
        std::hint::black_box(ffi::no_sound_card::addresses());
        // SAFETY: the C functions fill static structures; the lock keeps them
        // to one thread at a time, and each voice is registered once.
        let voice = unsafe {
            if !std::mem::replace(&mut *is_initialised, true) {
                ffi::flite_init();
            }
            match kind {
                FliteVoice::Slt => ffi::register_cmu_us_slt(std::ptr::null()),
                FliteVoice::Rms => ffi::register_cmu_us_rms(std::ptr::null()),
                FliteVoice::Awb => ffi::register_cmu_us_awb(std::ptr::null()),
                FliteVoice::Kal16 => ffi::register_cmu_us_kal16(std::ptr::null()),
            }
        };
        Self { kind, voice }
    }

    fn run(&self, job: Job) {
        let Some(text) = speakable::speakable(&job.clause) else { return };
        let text = speakable::ascii(&text);
        let mut sink = Sink {
            converter: (job.style.size != 1.0)
                .then(|| RateConverter::new(f64::from(RATE) * f64::from(job.style.size), f64::from(RATE))),
            job,
            utterance: std::ptr::null(),
            words_are_marked: false,
            samples: 0,
            piece_began: 0,
            lead: Lead::default(),
            text_bytes: 0,
        };
        for piece in speakable::pieces(&text) {
            if sink.is_unwanted() || !piece.contains(|c: char| c.is_ascii_alphanumeric()) {
                continue;
            }
            sink.piece_began = sink.samples;
            sink.lead.skipped = 0;
            sink.words_are_marked = false;
            if !self.synthesize(piece, &mut sink) {
                let error =
                    SpeechError::Failed { engine: ENGINE, reason: "synthesis returned nothing".into() };
                // Nobody listens any more: fine.
                let _ = sink.job.out.send(Err(error));
                return;
            }
        }
        if let Some(mut converter) = sink.converter.take() {
            sink.send(converter.finish(), Vec::new());
        }
    }

    fn synthesize(&self, piece: &str, sink: &mut Sink) -> bool {
        let Ok(text) = CString::new(piece) else { return false };
        let style = sink.job.style;
        let stretch = sink.job.stretch * style.size;
        // SAFETY: the voice is registered and used by this thread only; the
        // utterance and all that hangs on it (its features own the streaming
        // information) live until delete_utterance; `sink` outlives both, and
        // is reached only through the callback while utt_synth runs.
        unsafe {
            let utterance = ffi::new_utterance();
            if utterance.is_null() {
                return false;
            }
            ffi::utt_set_input_text(utterance, text.as_ptr());
            ffi::utt_init(utterance, self.voice);
            let features = (*utterance).features;
            ffi::flite_feat_set_float(features, c"duration_stretch".as_ptr(), stretch);
            if self.kind == FliteVoice::Kal16 {
                ffi::flite_feat_set_float(
                    features,
                    c"int_f0_target_mean".as_ptr(),
                    KAL_PITCH_HZ * style.pitch,
                );
            } else {
                ffi::flite_feat_set_float(features, c"f0_shift".as_ptr(), style.pitch);
            }
            let info = ffi::new_audio_streaming_info();
            (*info).min_buffsize = CHUNK;
            (*info).callback = Some(on_audio);
            sink.utterance = utterance;
            (*info).userdata = std::ptr::from_mut(sink).cast::<c_void>();
            ffi::flite_feat_set(features, c"streaming_info".as_ptr(), ffi::audio_streaming_info_val(info));
            let is_spoken = !ffi::utt_synth(utterance).is_null();
            sink.utterance = std::ptr::null();
            ffi::delete_utterance(utterance);
            is_spoken
        }
    }
}

/// Where the samples of a clause go.
struct Sink {
    job: Job,
    converter: Option<RateConverter>,
    utterance: *const ffi::Utterance,
    words_are_marked: bool,
    /// Given out so far, of the clause.
    samples: u64,
    /// Samples before the piece being spoken.
    piece_began: u64,
    lead: Lead,
    /// Bytes of the clause that the marks have covered.
    text_bytes: usize,
}

/// The silence that flite's voices begin with, some 200 ms: the caller would
/// wait for it in every turn.
#[derive(Default)]
struct Lead {
    /// As many samples as flite makes.
    skipped: u64,
    is_over: bool,
}

impl Lead {
    /// Quieter samples are silence.
    const SILENT: u16 = 150;
    /// So much of it stays at most, 20 ms, because words begin softly.
    const KEPT: usize = 320;

    /// What is to be heard of the next samples.
    fn skip<'s>(&mut self, samples: &'s [i16]) -> &'s [i16] {
        if self.is_over {
            return samples;
        }
        let first = samples.iter().position(|s| s.unsigned_abs() > Self::SILENT);
        self.is_over = first.is_some();
        let silent = first.map_or(samples.len(), |first| first.saturating_sub(Self::KEPT));
        self.skipped += silent as u64;
        &samples[silent..]
    }
}

impl Sink {
    fn is_unwanted(&self) -> bool {
        self.job.cancel.is_cancelled() || self.job.out.is_closed()
    }

    fn send(&mut self, mut samples: Vec<i16>, marks: Vec<TextMark>) {
        amplify(&mut samples, self.job.style.voice.gain());
        self.samples += samples.len() as u64;
        if !samples.is_empty() || !marks.is_empty() {
            // Nobody listens any more: fine.
            let _ = self.job.out.send(Ok(SpeechChunk { samples, marks }));
        }
    }

    /// Marks at the ends of words, known as soon as the first sound is.
    ///
    /// # Safety
    /// `self.utterance` is null or being synthesised.
    unsafe fn word_marks(&mut self) -> Vec<TextMark> {
        let mut marks = Vec::new();
        if std::mem::replace(&mut self.words_are_marked, true) || self.utterance.is_null() {
            return marks;
        }
        // SAFETY: the utterance is alive; strings and items belong to it.
        unsafe {
            let tokens = ffi::utt_relation(self.utterance, c"Token".as_ptr());
            let mut token = if tokens.is_null() { std::ptr::null_mut() } else { ffi::relation_head(tokens) };
            while !token.is_null() {
                let name = ffi::flite_ffeature_string(token, c"name".as_ptr());
                let end = ffi::flite_ffeature_float(
                    token,
                    c"daughtern.R:SylStructure.daughtern.daughtern.R:Segment.end".as_ptr(),
                );
                if !name.is_null() && end > 0.0 {
                    marks.extend(self.mark(CStr::from_ptr(name), end));
                }
                token = ffi::item_next(token);
            }
        }
        marks
    }

    fn mark(&mut self, word: &CStr, end_s: f32) -> Option<TextMark> {
        let word = word.to_str().ok().filter(|word| !word.is_empty())?;
        let at = self.job.clause[self.text_bytes..].find(word)?;
        self.text_bytes += at + word.len();
        let end = (end_s * RATE as f32 - self.lead.skipped as f32) / self.job.style.size;
        let at_sample = self.piece_began + end as u64;
        Some(TextMark { at_sample, text_bytes: self.text_bytes })
    }
}

/// Called by flite for every [`CHUNK`] of samples.
unsafe extern "C" fn on_audio(
    wave: *const ffi::Wave,
    start: c_int,
    size: c_int,
    _last: c_int,
    info: *mut ffi::StreamInfo,
) -> c_int {
    // SAFETY: flite hands back the information we gave it, whose userdata is
    // the sink of the running synthesis; `start..start + size` of the wave is
    // written.
    unsafe {
        if info.is_null() || (*info).userdata.is_null() || wave.is_null() || (*wave).samples.is_null() {
            return ffi::STREAM_STOP;
        }
        let sink = &mut *(*info).userdata.cast::<Sink>();
        let (Ok(start), Ok(size)) = (usize::try_from(start), usize::try_from(size)) else {
            return ffi::STREAM_STOP;
        };
        if sink.is_unwanted() {
            return ffi::STREAM_STOP;
        }
        let samples = std::slice::from_raw_parts((*wave).samples.add(start), size);
        let samples = sink.lead.skip(samples);
        if samples.is_empty() {
            return ffi::STREAM_CONTINUE;
        }
        let marks = sink.word_marks();
        let samples = match &mut sink.converter {
            Some(converter) => converter.push(samples),
            None => samples.to_vec(),
        };
        sink.send(samples, marks);
    }
    ffi::STREAM_CONTINUE
}

#[cfg(test)]
mod tests;

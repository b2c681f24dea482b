//! One pocketsphinx decoder: models, search, and the channel it has adapted to.

use std::{
    ffi::{CStr, CString},
    path::Path,
};

use super::{ENGINE, ffi};
use crate::speech::SpeechError;

/// What a decoder has learnt of one caller's channel: the running cepstral
/// mean. Kept per call, because a decoder serves many.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    mean: Vec<f32>,
    sum: Vec<f32>,
    frames: i32,
}

/// Cepstral mean that a call begins with, until its own is known: where the
/// mean of four synthetic voices over G.711 with the band filled came to rest.
/// The model's own (41, -5.3, …) is that of a wide-band microphone. (It cannot
/// be given as `-cmninit`: the model's `feat.params` wins over the arguments.)
const TELEPHONE_MEAN: [f32; 13] =
    [50.63, 7.53, 1.11, 15.15, 6.19, -9.41, 13.19, -13.78, -1.00, 4.25, -3.68, 11.99, -4.68];
/// How many frames of 10 ms the mean above counts for.
const TELEPHONE_WEIGHT: f32 = 100.0;

/// A loaded decoder, about 100 MB; used by one thread at a time.
pub(super) struct Decoder {
    decoder: *mut ffi::Decoder,
    fresh: Channel,
}

// SAFETY: the C decoder has no ties to the thread that made it; `&mut self`
// keeps its users apart.
unsafe impl Send for Decoder {}

impl Channel {
    fn telephone() -> Self {
        Self {
            mean: TELEPHONE_MEAN.to_vec(),
            sum: TELEPHONE_MEAN.iter().map(|m| m * TELEPHONE_WEIGHT).collect(),
            frames: TELEPHONE_WEIGHT as i32,
        }
    }
}

impl Decoder {
    /// Loads the models in `directory`; takes a third of a second.
    pub(super) fn load(directory: &Path) -> Result<Self, SpeechError> {
        let unavailable = |reason: String| SpeechError::Unavailable { engine: ENGINE, reason };
        for part in ["en-us", "en-us.lm.bin", "cmudict-en-us.dict"] {
            if !directory.join(part).exists() {
                return Err(unavailable(format!(
                    "{} is missing; install the package pocketsphinx-en-us",
                    directory.join(part).display()
                )));
            }
        }
        let path = |part: &str| {
            CString::new(directory.join(part).as_os_str().as_encoded_bytes())
                .map_err(|_| unavailable("the model's path holds a zero byte".into()))
        };
        let (acoustic, language, words) =
            (path("en-us")?, path("en-us.lm.bin")?, path("cmudict-en-us.dict")?);
        std::hint::black_box(ffi::no_lapack::addresses());
        // SAFETY: plain C calls; the variadic arguments are pairs of C strings
        // ended by null; pointers are checked before use.
        unsafe {
            ffi::err_set_logfp(std::ptr::null_mut());
            let config = ffi::cmd_ln_init(
                std::ptr::null_mut(),
                ffi::ps_args(),
                1,
                c"-hmm".as_ptr(),
                acoustic.as_ptr(),
                c"-lm".as_ptr(),
                language.as_ptr(),
                c"-dict".as_ptr(),
                words.as_ptr(),
                // Silence is the VAD's business; this one would drop onsets.
                c"-remove_silence".as_ptr(),
                c"no".as_ptr(),
                std::ptr::null::<std::ffi::c_char>(),
            );
            if config.is_null() {
                return Err(unavailable("the configuration was refused".into()));
            }
            let decoder = ffi::ps_init(config);
            ffi::cmd_ln_free_r(config);
            if decoder.is_null() {
                return Err(unavailable(format!("the models in {} do not load", directory.display())));
            }
            let mut loaded =
                Self { decoder, fresh: Channel { mean: Vec::new(), sum: Vec::new(), frames: 0 } };
            loaded.fresh = loaded.channel();
            if loaded.fresh.mean.len() == TELEPHONE_MEAN.len() {
                loaded.fresh = Channel::telephone();
            }
            Ok(loaded)
        }
    }

    fn cmn(&mut self) -> Option<&mut ffi::Cmn> {
        // SAFETY: the decoder is alive; its feature extractor and the mean in
        // it live as long.
        unsafe { ffi::ps_get_feat(self.decoder).as_ref()?.cmn_struct.as_mut() }
    }

    /// What has been learnt of the channel.
    pub(super) fn channel(&mut self) -> Channel {
        let Some(cmn) = self.cmn() else {
            return Channel { mean: Vec::new(), sum: Vec::new(), frames: 0 };
        };
        let length = usize::try_from(cmn.veclen).unwrap_or(0);
        // SAFETY: both arrays hold `veclen` numbers.
        unsafe {
            Channel {
                mean: std::slice::from_raw_parts(cmn.mean, length).to_vec(),
                sum: std::slice::from_raw_parts(cmn.sum, length).to_vec(),
                frames: cmn.nframe,
            }
        }
    }

    /// Begins a stretch of speech on a channel; `None` is one never heard.
    pub(super) fn start(&mut self, channel: Option<&Channel>) -> bool {
        let fresh = self.fresh.clone();
        let channel = channel.unwrap_or(&fresh);
        if let Some(cmn) = self.cmn() {
            let length = usize::try_from(cmn.veclen).unwrap_or(0);
            if channel.mean.len() == length {
                // SAFETY: both arrays hold `veclen` numbers.
                unsafe {
                    std::slice::from_raw_parts_mut(cmn.mean, length).copy_from_slice(&channel.mean);
                    std::slice::from_raw_parts_mut(cmn.sum, length).copy_from_slice(&channel.sum);
                }
                cmn.nframe = channel.frames;
            }
        }
        // SAFETY: the decoder is alive and between utterances.
        unsafe { ffi::ps_start_stream(self.decoder) == 0 && ffi::ps_start_utt(self.decoder) == 0 }
    }

    /// Searches on.
    pub(super) fn feed(&mut self, samples: &[i16]) {
        // SAFETY: the decoder is alive and within an utterance.
        unsafe { ffi::ps_process_raw(self.decoder, samples.as_ptr(), samples.len(), 0, 0) };
    }

    /// The best words so far.
    pub(super) fn words(&mut self) -> String {
        // SAFETY: the string belongs to the decoder until its next call.
        let text = unsafe {
            let words = ffi::ps_get_hyp(self.decoder, std::ptr::null_mut());
            if words.is_null() {
                return String::new();
            }
            CStr::from_ptr(words).to_string_lossy().into_owned()
        };
        clean(&text)
    }

    /// Ends the stretch: its words, and the geometric mean of their posterior
    /// probabilities. On synthetic speech four of five results above 0.45 were
    /// free of errors, and hardly any below 0.25.
    pub(super) fn finish(&mut self) -> (String, f64) {
        // SAFETY: the decoder is alive and within an utterance.
        unsafe { ffi::ps_end_utt(self.decoder) };
        let words = self.words();
        if words.is_empty() {
            return (words, 0.0);
        }
        // SAFETY: the decoder is alive; its logarithm table belongs to it.
        let posterior =
            unsafe { ffi::logmath_exp(ffi::ps_get_logmath(self.decoder), ffi::ps_get_prob(self.decoder)) };
        let per_word = posterior.clamp(0.0, 1.0).powf(1.0 / words.split(' ').count() as f64);
        (words, if per_word.is_finite() { per_word } else { 0.0 })
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: made by ps_init, freed once.
        unsafe { ffi::ps_free(self.decoder) };
    }
}

/// Drops the marks of pronunciation variants, `the(2)`, and of noises, `[NOISE]`.
fn clean(words: &str) -> String {
    words
        .split_whitespace()
        .filter(|word| !word.starts_with(['[', '<', '+']))
        .map(|word| word.split('(').next().unwrap_or(word))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_variants_and_noises_are_not_words() {
        assert_eq!(clean("what are the(2) [NOISE] hours"), "what are the hours");
    }

    #[test]
    fn a_missing_model_names_its_package() {
        let error = Decoder::load(Path::new("/nonexistent")).err().unwrap();
        assert!(
            matches!(&error, SpeechError::Unavailable { reason, .. } if reason.contains("pocketsphinx-en-us"))
        );
    }
}

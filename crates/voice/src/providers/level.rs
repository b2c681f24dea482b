//! One loudness for all embedded voices: changing the voice must not make a
//! caller reach for the volume.

/// The level of speech that voices are brought to, root mean square: -20 dBFS,
/// which leaves 20 dB for peaks and is what telephone networks are lined up for.
#[cfg(test)]
pub(super) const SPEECH_RMS: f64 = 0.1;

/// Multiplies samples; what is beyond full scale is cut.
pub(super) fn amplify(samples: &mut [i16], gain: f32) {
    if gain == 1.0 {
        return;
    }
    for sample in samples {
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, as wanted")]
        let louder = (f32::from(*sample) * gain).round() as i16;
        *sample = louder;
    }
}

/// Root mean square of the parts that sound, share of full scale.
#[cfg(test)]
pub(super) fn speech_rms(samples: &[i16]) -> f64 {
    let power = |frame: &[i16]| frame.iter().map(|&s| (f64::from(s) / 32_768.0).powi(2)).sum::<f64>();
    let sounding: Vec<f64> =
        samples.chunks_exact(320).map(|frame| power(frame) / 320.0).filter(|&power| power > 1e-4).collect();
    (sounding.iter().sum::<f64>() / sounding.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loud_samples_are_cut_and_never_wrap() {
        let mut samples = [20_000, -20_000, 100];
        amplify(&mut samples, 2.0);
        assert_eq!(samples, [32_767, -32_768, 200]);
    }
}

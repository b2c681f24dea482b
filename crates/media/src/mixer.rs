//! Adding audio.

use crate::Frame;

/// Adds `from` to `into`, saturating.
pub fn mix(into: &mut Frame, from: &Frame) {
    for (sum, &sample) in into.0.iter_mut().zip(&from.0) {
        *sum = sum.saturating_add(sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loud_audio_saturates_instead_of_wrapping() {
        let mut sum = Frame([30_000; 320]);
        mix(&mut sum, &Frame([30_000; 320]));
        assert_eq!(sum.0[0], i16::MAX);
        mix(&mut sum, &Frame([-1; 320]));
        assert_eq!(sum.0[0], i16::MAX - 1);
    }
}

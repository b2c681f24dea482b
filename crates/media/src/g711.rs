//! G.711: the companding laws of telephony (ITU-T G.711).

/// A companding law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Law {
    /// µ-law: North America, Japan.
    Mu,
    /// A-law: elsewhere.
    A,
}

impl Law {
    /// The code that decodes to silence.
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mu => 0xFF,
            Self::A => 0xD5,
        }
    }

    /// Expands one code to 16 bits.
    #[must_use]
    pub const fn decode(self, code: u8) -> i16 {
        match self {
            Self::Mu => MU_TABLE[code as usize],
            Self::A => A_TABLE[code as usize],
        }
    }

    /// Compresses one sample to its nearest code.
    #[must_use]
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Mu => encode_mu(sample),
            Self::A => encode_a(sample),
        }
    }

    /// Expands codes until either side ends; returns how many.
    pub fn decode_into(self, codes: &[u8], samples: &mut [i16]) -> usize {
        let table = match self {
            Self::Mu => &MU_TABLE,
            Self::A => &A_TABLE,
        };
        for (sample, &code) in samples.iter_mut().zip(codes) {
            *sample = table[usize::from(code)];
        }
        codes.len().min(samples.len())
    }

    /// Compresses samples until either side ends; returns how many.
    pub fn encode_into(self, samples: &[i16], codes: &mut [u8]) -> usize {
        for (code, &sample) in codes.iter_mut().zip(samples) {
            *code = self.encode(sample);
        }
        codes.len().min(samples.len())
    }
}

static MU_TABLE: [i16; 256] = table(true);
static A_TABLE: [i16; 256] = table(false);

const fn table(mu: bool) -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the loop ends at 255")]
        let byte = code as u8;
        table[code] = if mu { expand_mu(byte) } else { expand_a(byte) };
        code += 1;
    }
    table
}

/// Bias that makes every µ-law segment a power of two, 16-bit scale.
const MU_BIAS: i32 = 0x84;
/// Largest magnitude µ-law can carry, 16-bit scale, before the bias.
const MU_CLIP: i32 = 32_635;

#[expect(clippy::cast_possible_truncation, reason = "the largest magnitude is 32124")]
const fn expand_mu(code: u8) -> i16 {
    let code = !code;
    let exponent = ((code >> 4) & 7) as i32;
    let mantissa = (code & 0x0F) as i32;
    let magnitude = (((mantissa << 3) + MU_BIAS) << exponent) - MU_BIAS;
    if code & 0x80 != 0 { -magnitude as i16 } else { magnitude as i16 }
}

#[expect(clippy::cast_possible_truncation, reason = "the largest magnitude is 32256")]
const fn expand_a(code: u8) -> i16 {
    let code = code ^ 0x55;
    let exponent = ((code >> 4) & 7) as i32;
    let mantissa = (code & 0x0F) as i32;
    let magnitude =
        if exponent == 0 { (mantissa << 4) + 8 } else { ((mantissa << 4) + 0x108) << (exponent - 1) };
    if code & 0x80 != 0 { magnitude as i16 } else { -magnitude as i16 }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seven bits of magnitude and a sign are built"
)]
const fn encode_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let mut magnitude = (sample as i32).abs();
    if magnitude > MU_CLIP {
        magnitude = MU_CLIP;
    }
    magnitude += MU_BIAS;
    // The bias sets bit 7, so the leading bit is 7 to 14.
    let exponent = 24 - magnitude.leading_zeros() as i32;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0F;
    !(sign | (exponent << 4) | mantissa) as u8
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seven bits of magnitude and a sign are built"
)]
const fn encode_a(sample: i16) -> u8 {
    // Negative values are mirrored so that -1 lies beside 0 (as in G.191).
    let (sign, magnitude) = if sample < 0 { (0, !(sample as i32)) } else { (0x80, sample as i32) };
    let code = if magnitude < 256 {
        magnitude >> 4
    } else {
        let exponent = 24 - magnitude.leading_zeros() as i32;
        (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0F)
    };
    ((sign | code) ^ 0x55) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_and_silence_match_the_recommendation() {
        assert_eq!(Law::Mu.decode(0x00), -32_124);
        assert_eq!(Law::Mu.decode(0x80), 32_124);
        assert_eq!(Law::Mu.decode(0xFF), 0);
        assert_eq!(Law::Mu.encode(0), 0xFF);
        assert_eq!(Law::Mu.encode(i16::MAX), 0x80);
        assert_eq!(Law::Mu.encode(i16::MIN), 0x00);
        assert_eq!(Law::A.decode(0xD5), 8);
        assert_eq!(Law::A.decode(0x55), -8);
        assert_eq!(Law::A.decode(0xAA), 32_256);
        assert_eq!(Law::A.decode(0x2A), -32_256);
        assert_eq!(Law::A.encode(0), 0xD5);
        assert_eq!(Law::A.encode(i16::MIN), 0x2A);
    }

    #[test]
    fn every_code_survives_a_round_trip() {
        for law in [Law::Mu, Law::A] {
            for code in 0..=255u8 {
                let again = law.encode(law.decode(code));
                // µ-law has two zeros; the negative one becomes the positive.
                assert!(
                    again == code || (law == Law::Mu && code == 0x7F && again == 0xFF),
                    "{law:?} {code:#x}"
                );
            }
        }
    }

    #[test]
    fn every_sample_gets_a_code_within_half_a_step() {
        for law in [Law::Mu, Law::A] {
            for sample in i16::MIN..=i16::MAX {
                let error = (i32::from(law.decode(law.encode(sample))) - i32::from(sample)).abs();
                let step = (i32::from(sample).abs() + 132) / 16 + 8;
                assert!(error <= step, "{law:?} {sample}: {error} > {step}");
            }
        }
    }
}

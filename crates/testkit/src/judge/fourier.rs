//! A plain radix-2 Fourier transform for the judges.

use std::f64::consts::PI;

/// Transforms `re + i·im` in place; `inverse` leaves out the division by the length.
///
/// # Panics
/// When the two differ in length or the length is not a power of two: a fault of the test.
pub fn transform(re: &mut [f64], im: &mut [f64], inverse: bool) {
    let n = re.len();
    assert!(n.is_power_of_two() && im.len() == n, "length {n} is not a power of two");
    let mut at = 0;
    for i in 1..n {
        let mut bit = n >> 1;
        while at & bit != 0 {
            at ^= bit;
            bit >>= 1;
        }
        at |= bit;
        if i < at {
            re.swap(i, at);
            im.swap(i, at);
        }
    }
    let mut len = 2;
    while len <= n {
        let angle = if inverse { 2.0 * PI } else { -2.0 * PI } / len as f64;
        let twiddles: Vec<(f64, f64)> =
            (0..len / 2).map(|k| ((angle * k as f64).cos(), (angle * k as f64).sin())).collect();
        for start in (0..n).step_by(len) {
            for (k, &(wr, wi)) in twiddles.iter().enumerate() {
                let (a, b) = (start + k, start + k + len / 2);
                let (xr, xi) = (re[b] * wr - im[b] * wi, re[b] * wi + im[b] * wr);
                (re[b], im[b]) = (re[a] - xr, im[a] - xi);
                (re[a], im[a]) = (re[a] + xr, im[a] + xi);
            }
        }
        len *= 2;
    }
}

/// Power of each bin from 0 to half the rate, of a Hann-windowed block;
/// the block is filled up with zeros to `size`.
#[must_use]
pub fn power(block: &[i16], size: usize) -> Vec<f64> {
    let mut re = vec![0.0; size];
    let mut im = vec![0.0; size];
    let n = block.len().min(size);
    for (i, (out, &sample)) in re.iter_mut().zip(&block[..n]).enumerate() {
        let window = 0.5 - 0.5 * (2.0 * PI * i as f64 / n as f64).cos();
        *out = f64::from(sample) / 32_768.0 * window;
    }
    transform(&mut re, &mut im, false);
    re.iter().zip(&im).take(size / 2 + 1).map(|(r, i)| r * r + i * i).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_same() {
        let original: Vec<f64> = (0..64_u32).map(|i| f64::from(i * 37 % 17)).collect();
        let (mut re, mut im) = (original.clone(), vec![0.0; 64]);
        transform(&mut re, &mut im, false);
        transform(&mut re, &mut im, true);
        for (a, b) in original.iter().zip(&re) {
            assert!((a - b / 64.0).abs() < 1e-9);
        }
    }
}

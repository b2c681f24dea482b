//! Normalised cross-correlation with lag search.

use std::time::Duration;

use super::fourier::transform;

/// Where two signals fit best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Samples by which `heard` is later than `reference`.
    pub lag: i64,
    /// Normalised correlation at that lag, -1 to 1; 0 when either is silent.
    pub r: f64,
}

/// Finds where `reference` lies in `heard`: every position at which at least
/// half of it overlaps. Both must have the same rate.
#[must_use]
pub fn best_fit(reference: &[i16], heard: &[i16]) -> Fit {
    let none = Fit { lag: 0, r: 0.0 };
    if reference.is_empty() || heard.is_empty() {
        return none;
    }
    let (n, m) = (reference.len(), heard.len());
    let size = (n + m).next_power_of_two();
    let spectrum = |samples: &[i16]| {
        let mut re: Vec<f64> = samples.iter().map(|&s| f64::from(s) / 32_768.0).collect();
        re.resize(size, 0.0);
        let mut im = vec![0.0; size];
        transform(&mut re, &mut im, false);
        (re, im)
    };
    let (ar, ai) = spectrum(reference);
    let (br, bi) = spectrum(heard);
    // heard × conj(reference): the peak is where heard repeats the reference.
    let mut re: Vec<f64> = (0..size).map(|k| br[k] * ar[k] + bi[k] * ai[k]).collect();
    let mut im: Vec<f64> = (0..size).map(|k| bi[k] * ar[k] - br[k] * ai[k]).collect();
    transform(&mut re, &mut im, true);

    let (reference_energy, heard_energy) = (running_energy(reference), running_energy(heard));
    let mut best = none;
    for lag in -(n as i64) / 2..m as i64 {
        let from = lag.max(0).unsigned_abs() as usize;
        let to = (lag + n as i64).clamp(0, m as i64).unsigned_abs() as usize;
        if to <= from || (to - from) * 2 < n {
            continue;
        }
        let begin = (from as i64 - lag).unsigned_abs() as usize;
        let a = reference_energy[begin + (to - from)] - reference_energy[begin];
        let b = heard_energy[to] - heard_energy[from];
        if a < 1e-9 * n as f64 || b < 1e-9 * n as f64 {
            continue;
        }
        let r = re[lag.rem_euclid(size as i64) as usize] / size as f64 / (a * b).sqrt();
        if r > best.r {
            best = Fit { lag, r };
        }
    }
    best
}

fn running_energy(samples: &[i16]) -> Vec<f64> {
    let mut sum = 0.0;
    std::iter::once(0.0)
        .chain(samples.iter().map(|&s| {
            sum += (f64::from(s) / 32_768.0).powi(2);
            sum
        }))
        .collect()
}

/// One window of the reference and where it was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowFit {
    /// First sample of the window within the reference.
    pub start: usize,
    /// Where it fits; the lag is relative to the same sample of `heard`.
    pub fit: Fit,
}

/// Correlates each `window` of the reference with `heard`, searching `reach`
/// around the lag at which the whole fits best. Windows that are silent in the
/// reference are left out, because nothing can be said about them.
#[must_use]
pub fn per_window(
    reference: &[i16],
    heard: &[i16],
    rate: u32,
    window: Duration,
    reach: Duration,
) -> Vec<WindowFit> {
    let whole = best_fit(reference, heard);
    let samples = |d: Duration| (d.as_secs_f64() * f64::from(rate)) as usize;
    let (window, reach) = (samples(window).max(1), samples(reach) as i64);
    let loudest = reference.chunks(window).map(rms).fold(0.0, f64::max);
    let mut fits = Vec::new();
    for (index, part) in reference.chunks_exact(window).enumerate() {
        if rms(part) < loudest * 0.05 {
            continue;
        }
        let start = index * window;
        let centre = start as i64 + whole.lag;
        let from = (centre - reach).clamp(0, heard.len() as i64) as usize;
        let to = (centre + window as i64 + reach).clamp(0, heard.len() as i64) as usize;
        let local = best_fit(part, &heard[from..to]);
        let lag = local.lag + from as i64 - start as i64;
        fits.push(WindowFit { start, fit: Fit { lag, r: local.r } });
    }
    fits
}

/// The middle correlation of the windows; 0 when there are none.
#[must_use]
pub fn median_r(fits: &[WindowFit]) -> f64 {
    let mut all: Vec<f64> = fits.iter().map(|f| f.fit.r).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}

/// Root mean square as a share of full scale.
#[must_use]
pub fn rms(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    let sum: f64 = samples.iter().map(|&s| (f64::from(s) / 32_768.0).powi(2)).sum();
    (sum / samples.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal;

    #[test]
    fn a_delayed_and_quieter_copy_is_found_at_its_lag() {
        let reference = signal::noise(8000, 0.3, 1);
        let mut heard = vec![0; 1234];
        heard.extend(reference.iter().map(|s| s / 3));
        let fit = best_fit(&reference, &heard);
        assert_eq!(fit.lag, 1234);
        assert!(fit.r > 0.999, "{fit:?}");
    }

    #[test]
    fn a_beginning_that_was_not_heard_gives_a_negative_lag() {
        let reference = signal::noise(8000, 0.3, 1);
        let fit = best_fit(&reference, &reference[800..]);
        assert_eq!(fit.lag, -800);
        assert!(fit.r > 0.999, "{fit:?}");
    }

    #[test]
    fn strangers_do_not_correlate() {
        let fit = best_fit(&signal::noise(8000, 0.3, 1), &signal::noise(16_000, 0.3, 2));
        assert!(fit.r < 0.1, "{fit:?}");
        assert_eq!(best_fit(&signal::noise(800, 0.3, 1), &[0; 8000]).r, 0.0);
    }

    #[test]
    fn a_jump_in_time_shows_as_a_changed_lag_of_later_windows() {
        let reference = signal::noise(32_000, 0.3, 3);
        let mut heard = reference[..16_000].to_vec();
        heard.extend([0; 160]);
        heard.extend(&reference[16_000..]);
        let fits =
            per_window(&reference, &heard, 16_000, Duration::from_millis(250), Duration::from_millis(50));
        assert_eq!(fits[0].fit.lag, 0);
        assert_eq!(fits[6].fit.lag, 160);
        assert!(median_r(&fits) > 0.99);
    }
}

//! Percentiles, what Linux tells of a process, and the rows of the table.

use std::{fmt::Display, fs, time::Duration};

/// Clock ticks of `/proc/<pid>/stat` in a second: fixed by Linux's interface.
const TICKS: f64 = 100.0;

/// The table's head.
pub fn heading() {
    println!("| figure | value | goal | | load |\n|---|---|---|---|---|");
}

/// A row without a goal.
pub fn row(figure: &str, value: impl Display) {
    println!("| {figure} | {value} | | | {} |", load());
}

/// A row whose value should not be above the goal.
pub fn row_with_goal(figure: &str, value: impl Display, measured: f64, goal: f64, unit: &str) {
    let verdict = if measured <= goal { "met" } else { "missed" };
    println!("| {figure} | {value} | ≤ {goal} {unit} | {verdict} | {} |", load());
}

/// A row whose value should not be below the goal.
pub fn row_with_least(figure: &str, value: impl Display, measured: f64, goal: f64, unit: &str) {
    let verdict = if measured >= goal { "met" } else { "missed" };
    println!("| {figure} | {value} | ≥ {goal} {unit} | {verdict} | {} |", load());
}

/// What is at this share of the sorted values; 0 without any.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((last * share).round() as usize).copied().unwrap_or_default()
}

/// Median and 95th percentile, in milliseconds, as they are printed.
pub fn p50_p95(values: &[f64]) -> String {
    format!(
        "p50 {:.0} ms, p95 {:.0} ms, max {:.0} ms (n={})",
        quantile(values, 0.5),
        quantile(values, 0.95),
        quantile(values, 1.0),
        values.len()
    )
}

/// Load average of the last minute.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

/// Resident memory of a process in MB: all of it, and what is not file-backed.
pub fn resident_mb(pid: u32) -> (f64, f64) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kb = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
        kb.unwrap_or_default() / 1024.0
    };
    (field("VmRSS:"), field("RssAnon:"))
}

/// Processor time a process has used.
pub fn cpu_time(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in parentheses, may hold anything; utime and stime are fields 14 and 15.
    let rest = text.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = rest.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum();
    Duration::from_secs_f64(ticks / TICKS)
}

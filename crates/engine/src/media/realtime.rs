//! What the kernel does for a media thread.

use std::{io, time::Duration};

/// Low among real-time priorities: above everything usual, below the kernel's own.
#[cfg(target_os = "linux")]
const PRIORITY: libc::c_int = 10;

/// Asks for `SCHED_FIFO` for the calling thread.
///
/// Needs `CAP_SYS_NICE` or an `RTPRIO` limit. Without it a loaded machine
/// delays packets by tens of milliseconds now and then.
#[cfg(target_os = "linux")]
pub fn request() -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: PRIORITY };
    // SAFETY: the thread is the calling one and `parameters` lives through the call.
    let error =
        unsafe { libc::pthread_setschedparam(libc::pthread_self(), libc::SCHED_FIFO, &raw const parameters) };
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// Real-time priority is only known on Linux.
#[cfg(not(target_os = "linux"))]
pub fn request() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// CPU time of the calling thread so far.
#[cfg(target_os = "linux")]
pub fn cpu_time() -> Duration {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike,
    };
    getrusage(UsageWho::RUSAGE_THREAD).map_or(Duration::ZERO, |usage| {
        let us = (usage.user_time() + usage.system_time()).num_microseconds();
        Duration::from_micros(us.unsigned_abs())
    })
}

/// CPU time of a thread is only known on Linux.
#[cfg(not(target_os = "linux"))]
pub fn cpu_time() -> Duration {
    Duration::ZERO
}

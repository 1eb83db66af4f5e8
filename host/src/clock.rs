//! The machine's clock.
//!
//! Nothing else reads it: time comes to the engine with events and through `advance`, so that a replay of old logs behaves
//! as the live stream did.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Reads the two clocks that `advance` wants.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock whose monotonic time starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Wall time in epoch seconds; it jumps when the machine's clock is set. Negative before 1970.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn wall_s(&self) -> f64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_secs_f64(),
            Err(before) => -before.duration().as_secs_f64(),
        }
    }

    /// Nanoseconds since it was first asked in this process; never goes back. For
    /// [`Options::stopwatch`](caltrop_core::config::Options::stopwatch).
    #[must_use]
    pub fn stopwatch_ns() -> u64 {
        static FIRST: OnceLock<Clock> = OnceLock::new();
        let elapsed = FIRST.get_or_init(Self::start).started.elapsed();
        u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Seconds since the clock was started; never goes back.
    #[must_use]
    pub fn mono_s(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_starts_near_zero_and_wall_time_is_of_this_century() {
        let clock = Clock::start();
        let (first, second) = (clock.mono_s(), clock.mono_s());
        assert!(first >= 0.0 && second >= first && second < 60.0);
        assert!(clock.wall_s() > 946_684_800.0);
    }
}

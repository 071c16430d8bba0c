//! Spans of time as Go prints them.

use std::time::Duration;

/// `768h0m0s`, `1m30s`, `0s`: whole seconds, with all parts from the first that is not zero.
pub(crate) fn go_duration(span: Duration) -> String {
    let seconds = span.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_from_the_first_that_is_not_zero() {
        for (seconds, text) in [(0, "0s"), (90, "1m30s"), (3600, "1h0m0s"), (768 * 3600, "768h0m0s")] {
            assert_eq!(go_duration(Duration::from_secs(seconds)), text);
        }
    }
}

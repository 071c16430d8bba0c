//! Whether and when a request is sent again.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

const MIN_WAIT_MILLIS: u64 = 1_000;
const MAX_WAIT_MILLIS: u64 = 1_500;

/// Answers that may be another one soon: too many requests, not caught up yet, trouble in the server.
pub(super) fn worth_another_try(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::PRECONDITION_FAILED
        || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}

/// How long to wait before the try after `attempt` failed ones: what the server asks for, or a
/// little longer each time, spread so that many clients do not come back at once.
pub(super) fn wait(attempt: u32, answer: Option<(StatusCode, &HeaderMap)>) -> Duration {
    if let Some((StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, headers)) = answer {
        let asked = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        if let Some(seconds) = asked.and_then(|text| text.parse().ok()) {
            return Duration::from_secs(seconds);
        }
    }
    let mut byte = [0];
    // Without randomness the wait is merely not spread.
    let _ = getrandom::fill(&mut byte);
    let spread = u64::from(byte[0]) * (MAX_WAIT_MILLIS - MIN_WAIT_MILLIS) / 255;
    Duration::from_millis((MIN_WAIT_MILLIS + spread) * u64::from(attempt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_will_not_change_are_final() {
        for (code, again) in [
            (200, false),
            (400, false),
            (403, false),
            (404, false),
            (412, true),
            (429, true),
            (500, true),
            (501, false),
            (503, true),
        ] {
            assert_eq!(worth_another_try(StatusCode::from_u16(code).unwrap()), again, "{code}");
        }
    }

    #[test]
    fn waits_grow_and_heed_the_server() {
        let first = wait(1, None);
        assert!((Duration::from_secs(1)..=Duration::from_millis(1_500)).contains(&first));
        assert!(wait(3, None) >= Duration::from_secs(3));
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, "7".parse().unwrap());
        assert_eq!(wait(1, Some((StatusCode::SERVICE_UNAVAILABLE, &headers))), Duration::from_secs(7));
    }
}

//! How often one address may act in the ceremonies that need no token: enough for people, too little to occupy them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Actions at once.
const BURST: f64 = 40.0;
/// Actions a second after that.
const RATE: f64 = 0.5;
/// Addresses remembered; beyond it those that have been quiet are forgotten.
const ADDRESSES: usize = 10_000;

/// Counts the actions of each address.
#[derive(Default)]
pub(super) struct Pace {
    left: Mutex<HashMap<Option<IpAddr>, Allowance>>,
}

struct Allowance {
    actions: f64,
    at: Instant,
}

impl Pace {
    /// Takes one action of the address; an error says when the next will be allowed.
    pub(super) fn take(&self, address: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        let mut left = self.left.lock();
        if left.len() >= ADDRESSES && !left.contains_key(&address) {
            let full_again = Duration::from_secs_f64(BURST / RATE);
            left.retain(|_, allowance| now.saturating_duration_since(allowance.at) < full_again);
            if left.len() >= ADDRESSES {
                return Err(full_again);
            }
        }
        let allowance = left.entry(address).or_insert(Allowance { actions: BURST, at: now });
        let refilled = allowance.actions + RATE * now.saturating_duration_since(allowance.at).as_secs_f64();
        allowance.actions = refilled.min(BURST);
        allowance.at = now;
        if allowance.actions < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - allowance.actions) / RATE));
        }
        allowance.actions -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_slowed_and_others_are_not() {
        let (pace, start) = (Pace::default(), Instant::now());
        let (one, other) = (Some(IpAddr::from([127, 0, 0, 1])), Some(IpAddr::from([127, 0, 0, 2])));
        for _ in 0..40 {
            pace.take(one, start).unwrap();
        }
        assert_eq!(pace.take(one, start), Err(Duration::from_secs(2)));
        pace.take(other, start).unwrap();
        pace.take(one, start + Duration::from_secs(2)).unwrap();
        assert!(pace.take(one, start + Duration::from_secs(2)).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let (pace, start) = (Pace::default(), Instant::now());
        for number in 0..ADDRESSES as u32 + 10 {
            let _ = pace.take(Some(IpAddr::from(number.to_be_bytes())), start);
        }
        assert!(pace.left.lock().len() <= ADDRESSES);
        let later = start + Duration::from_secs(81);
        pace.take(Some(IpAddr::from([255, 255, 255, 255])), later).unwrap();
        assert_eq!(pace.left.lock().len(), 1);
    }
}

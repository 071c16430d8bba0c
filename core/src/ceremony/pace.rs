//! How often one address may act in the ceremonies that need no token: enough for people, too little to occupy them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Of people who hold shares.
const SHARE_HOLDERS: Limit = Limit { burst: 40.0, rate: 0.5 };
/// Of nodes that want to join: several behind one address ask again and again until they are let in.
const JOINERS: Limit = Limit { burst: 200.0, rate: 5.0 };
/// Addresses remembered; beyond it those that have been quiet are forgotten.
const ADDRESSES: usize = 10_000;

/// How often.
#[derive(Clone, Copy)]
struct Limit {
    /// Actions at once.
    burst: f64,
    /// Actions a second after that.
    rate: f64,
}

/// Counts the actions of each address.
pub(super) struct Pace {
    limit: Limit,
    left: Mutex<HashMap<Option<IpAddr>, Allowance>>,
}

struct Allowance {
    actions: f64,
    at: Instant,
}

impl Pace {
    pub(super) fn of_share_holders() -> Self {
        Self { limit: SHARE_HOLDERS, left: Mutex::default() }
    }

    pub(super) fn of_joiners() -> Self {
        Self { limit: JOINERS, left: Mutex::default() }
    }

    /// Takes one action of the address; an error says when the next will be allowed.
    pub(super) fn take(&self, address: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        let Limit { burst, rate } = self.limit;
        let mut left = self.left.lock();
        if left.len() >= ADDRESSES && !left.contains_key(&address) {
            let full_again = Duration::from_secs_f64(burst / rate);
            left.retain(|_, allowance| now.saturating_duration_since(allowance.at) < full_again);
            if left.len() >= ADDRESSES {
                return Err(full_again);
            }
        }
        let allowance = left.entry(address).or_insert(Allowance { actions: burst, at: now });
        let refilled = allowance.actions + rate * now.saturating_duration_since(allowance.at).as_secs_f64();
        allowance.actions = refilled.min(burst);
        allowance.at = now;
        if allowance.actions < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - allowance.actions) / rate));
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
        let (pace, start) = (Pace::of_share_holders(), Instant::now());
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
        let (pace, start) = (Pace::of_share_holders(), Instant::now());
        for number in 0..ADDRESSES as u32 + 10 {
            let _ = pace.take(Some(IpAddr::from(number.to_be_bytes())), start);
        }
        assert!(pace.left.lock().len() <= ADDRESSES);
        let later = start + Duration::from_secs(81);
        pace.take(Some(IpAddr::from([255, 255, 255, 255])), later).unwrap();
        assert_eq!(pace.left.lock().len(), 1);
    }
}

//! A bucket of requests for each address, filled anew every interval as Vault fills it. Memory is bounded: addresses
//! beyond the capacity share one bucket.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Addresses that have a bucket of their own.
const CAPACITY: usize = 20_000;

/// How often buckets that are of no more use are looked for, when there is no room.
const SWEEP: Duration = Duration::from_secs(1);

/// Counts requests.
#[derive(Debug)]
pub(super) struct Limiter {
    requests: u64,
    interval: Duration,
    block: Duration,
    clients: Mutex<Clients>,
}

#[derive(Debug, Default)]
struct Clients {
    /// A caller on a unix socket has no address.
    by_address: HashMap<Option<IpAddr>, Bucket>,
    others: Option<Bucket>,
    swept: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    filled: Instant,
    left: u64,
    blocked_until: Option<Instant>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It may go on; so many are left until then.
    Allowed { left: u64, reset: Duration },
    /// There are none left until then.
    Empty { reset: Duration, retry: Duration },
    /// The address went beyond the rate a while ago.
    Blocked { retry: Duration },
}

impl Limiter {
    /// `block` zero: an address that went beyond the rate waits for the next interval.
    pub(super) fn new(rate: f64, interval: Duration, block: Duration) -> Self {
        // From a float to an integer `as` stays within bounds.
        let requests = (rate.round() as u64).max(1);
        let interval = if interval.is_zero() { Duration::from_secs(1) } else { interval };
        Self { requests, interval, block, clients: Mutex::default() }
    }

    /// Requests an interval.
    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    /// Counts a request of an address.
    pub(super) fn take(&self, address: Option<IpAddr>, now: Instant) -> Taken {
        let mut clients = self.clients.lock();
        let full = Bucket { filled: now, left: self.requests, blocked_until: None };
        let bucket = if self.has_room(&mut clients, address, now) {
            clients.by_address.entry(address).or_insert(full)
        } else {
            clients.others.get_or_insert(full)
        };
        self.take_from(bucket, now)
    }

    fn take_from(&self, bucket: &mut Bucket, now: Instant) -> Taken {
        if let Some(until) = bucket.blocked_until {
            if now < until {
                return Taken::Blocked { retry: until.saturating_duration_since(now) };
            }
            bucket.blocked_until = None;
        }
        let age = now.saturating_duration_since(bucket.filled);
        let reset = match self.interval.checked_sub(age).filter(|rest| !rest.is_zero()) {
            Some(rest) => rest,
            None => {
                // Intervals are counted from the first request on, whenever the next one comes.
                let into = age.as_nanos() % self.interval.as_nanos();
                let into = Duration::from_nanos(u64::try_from(into).unwrap_or_default());
                bucket.filled = now.checked_sub(into).unwrap_or(now);
                bucket.left = self.requests;
                self.interval.saturating_sub(into)
            }
        };
        if bucket.left > 0 {
            bucket.left -= 1;
            return Taken::Allowed { left: bucket.left, reset };
        }
        if self.block.is_zero() {
            return Taken::Empty { reset, retry: reset };
        }
        bucket.blocked_until = now.checked_add(self.block);
        Taken::Empty { reset, retry: self.block }
    }

    fn has_room(&self, clients: &mut Clients, address: Option<IpAddr>, now: Instant) -> bool {
        if clients.by_address.len() < CAPACITY || clients.by_address.contains_key(&address) {
            return true;
        }
        if clients.swept.is_some_and(|swept| now.saturating_duration_since(swept) < SWEEP) {
            return false;
        }
        clients.swept = Some(now);
        clients.by_address.retain(|_, bucket| {
            now.saturating_duration_since(bucket.filled) < self.interval
                || bucket.blocked_until.is_some_and(|until| now < until)
        });
        clients.by_address.len() < CAPACITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from(number.to_be_bytes()))
    }

    fn is_allowed(limiter: &Limiter, client: u32, now: Instant) -> bool {
        matches!(limiter.take(address(client), now), Taken::Allowed { .. })
    }

    #[test]
    fn each_address_has_its_own_bucket_that_fills_every_interval() {
        let (limiter, start) = (Limiter::new(2.0, MINUTE, Duration::ZERO), Instant::now());
        assert_eq!(limiter.take(address(1), start), Taken::Allowed { left: 1, reset: MINUTE });
        assert!(is_allowed(&limiter, 1, start));
        let later = start + MINUTE / 4;
        assert_eq!(limiter.take(address(1), later), Taken::Empty { reset: MINUTE * 3 / 4, retry: MINUTE * 3 / 4 });
        assert!(is_allowed(&limiter, 2, later));
        let next = start + MINUTE * 5 / 2;
        assert_eq!(limiter.take(address(1), next), Taken::Allowed { left: 1, reset: MINUTE / 2 });
    }

    #[test]
    fn an_address_is_blocked_for_as_long_as_it_was_said() {
        let (limiter, start) = (Limiter::new(1.0, Duration::from_secs(1), MINUTE), Instant::now());
        assert!(is_allowed(&limiter, 1, start));
        assert_eq!(limiter.take(address(1), start), Taken::Empty { reset: Duration::from_secs(1), retry: MINUTE });
        let later = start + MINUTE / 2;
        assert_eq!(limiter.take(address(1), later), Taken::Blocked { retry: MINUTE / 2 });
        assert!(is_allowed(&limiter, 1, start + MINUTE));
    }

    #[test]
    fn addresses_beyond_the_capacity_share_a_bucket_until_there_is_room() {
        let (limiter, start) = (Limiter::new(1.0, MINUTE, Duration::ZERO), Instant::now());
        for client in 0..CAPACITY as u32 {
            assert!(is_allowed(&limiter, client, start));
        }
        assert!(is_allowed(&limiter, 1_000_000, start));
        assert!(!is_allowed(&limiter, 1_000_001, start));
        assert!(limiter.clients.lock().by_address.len() <= CAPACITY);
        assert!(is_allowed(&limiter, 1_000_001, start + MINUTE));
        assert_eq!(limiter.clients.lock().by_address.len(), 1);
    }

    #[test]
    fn odd_rates_stay_within_bounds() {
        for rate in [0.2, f64::NAN, -1.0] {
            assert_eq!(Limiter::new(rate, MINUTE, Duration::ZERO).requests(), 1);
        }
        assert_eq!(Limiter::new(1e300, Duration::ZERO, Duration::ZERO).requests(), u64::MAX);
    }
}

//! How often one address may act in the ceremonies that need no token: enough for people, too little to occupy them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Of people who hold shares.
const SHARE_HOLDERS: Limit = Limit { burst: 200.0, rate: 1.0 };
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

impl Allowance {
    fn refilled(&self, now: Instant, limit: Limit) -> f64 {
        let since = now.saturating_duration_since(self.at);
        (self.actions + limit.rate * since.as_secs_f64()).min(limit.burst)
    }
}

/// Whoever has one address of version 6 has all that share its first half.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => four.into(),
            None => Ipv6Addr::from_bits(six.to_bits() & (u128::MAX << 64)).into(),
        },
    }
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
        let address = address.map(network);
        let mut left = self.left.lock();
        if left.len() >= ADDRESSES && !left.contains_key(&address) {
            left.retain(|_, allowance| allowance.refilled(now, self.limit) < burst);
        }
        // Where so many addresses act that no more are remembered, the others share what one may do.
        let address = if left.len() >= ADDRESSES && !left.contains_key(&address) { None } else { address };
        let allowance = left.entry(address).or_insert(Allowance { actions: burst, at: now });
        allowance.actions = allowance.refilled(now, self.limit);
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
        for _ in 0..200 {
            pace.take(one, start).unwrap();
        }
        assert_eq!(pace.take(one, start), Err(Duration::from_secs(1)));
        pace.take(other, start).unwrap();
        pace.take(one, start + Duration::from_secs(1)).unwrap();
        assert!(pace.take(one, start + Duration::from_secs(1)).is_err());
    }

    #[test]
    fn a_network_of_version_6_is_one_address() {
        let (pace, start) = (Pace::of_share_holders(), Instant::now());
        let at = |host: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, host]));
        for host in 0..200 {
            pace.take(at(host), start).unwrap();
        }
        assert!(pace.take(at(999), start).is_err());
        pace.take(Some(IpAddr::from([0x2001, 0xdb8, 0, 8, 0, 0, 0, 1])), start).unwrap();
    }

    #[test]
    fn memory_is_bounded() {
        let (pace, start) = (Pace::of_share_holders(), Instant::now());
        for number in 0..ADDRESSES as u32 + 10 {
            let _ = pace.take(Some(IpAddr::from(number.to_be_bytes())), start);
        }
        assert!(pace.left.lock().len() <= ADDRESSES + 1);
        let (other, another) = (IpAddr::from([254, 0, 0, 1]), IpAddr::from([254, 0, 0, 2]));
        pace.take(Some(other), start).unwrap();
        pace.take(Some(another), start).unwrap();
        let later = start + Duration::from_secs(2);
        pace.take(Some(IpAddr::from([255, 255, 255, 255])), later).unwrap();
        // It, and what those had to share for whom there was no room.
        assert_eq!(pace.left.lock().len(), 2);
    }
}

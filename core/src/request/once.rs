//! What a handler does once a request, however often the request is run.

use std::any::Any;
use std::fmt;

use parking_lot::Mutex;

/// Keeps what was done beside the transaction (a share taken into a ceremony) for the next run of the same request: one
/// whose commit met another's is run again, and must not do it twice.
#[derive(Default)]
pub struct Once(Mutex<Option<Box<dyn Any + Send>>>);

impl Once {
    /// The outcome of `work`, which is run the first time. A failure is not kept. For one thing a request.
    pub fn run<T: Clone + Send + 'static, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut kept = self.0.lock();
        if let Some(done) = kept.as_ref().and_then(|kept| kept.downcast_ref::<T>()) {
            return Ok(done.clone());
        }
        let done = work()?;
        *kept = Some(Box::new(done.clone()));
        Ok(done)
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("done", &self.0.lock().is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_once_unless_it_failed() {
        let (once, mut done) = (Once::default(), 0);
        assert_eq!(once.run(|| Err::<i32, _>("no")), Err("no"));
        for _ in 0..2 {
            let outcome = once.run(|| {
                done += 1;
                Ok::<_, &str>(done)
            });
            assert_eq!(outcome, Ok(1));
        }
    }
}

//! Two futures in one task, of which the one that moves bytes wakes often and the other almost never.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Runs until either ends; gives what `main` gave, if it was `main`. `side` is asked only when it was woken itself: it
/// watches what all connections share, and asking it at every byte would make all threads wait for each other.
pub(super) async fn beside<M: Future, S: Future<Output = ()>>(main: M, side: S) -> Option<M::Output> {
    let (mut main, mut side) = (pin!(main), pin!(side));
    let mut bell: Option<(Arc<Bell>, Waker)> = None;
    std::future::poll_fn(move |cx| {
        if let Poll::Ready(output) = main.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        // A task's waker stays the same; where it does not, the new one is to be told.
        if bell.as_ref().is_none_or(|(bell, _)| !bell.task.will_wake(cx.waker())) {
            let made = Arc::new(Bell { rung: AtomicBool::new(true), task: cx.waker().clone() });
            bell = Some((Arc::clone(&made), Waker::from(made)));
        }
        if let Some((bell, waker)) = &bell
            && bell.rung.swap(false, Ordering::AcqRel)
            && side.as_mut().poll(&mut Context::from_waker(waker)).is_ready()
        {
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await
}

struct Bell {
    rung: AtomicBool,
    task: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::{mpsc, oneshot};

    use super::*;

    #[tokio::test]
    async fn the_side_is_asked_when_it_is_woken_and_not_before() {
        let asked = AtomicUsize::new(0);
        let (bytes, mut moved) = mpsc::unbounded_channel();
        let (end, mut ended) = oneshot::channel::<()>();
        let main = async { while moved.recv().await.is_some() {} };
        let side = std::future::poll_fn(|cx| {
            asked.fetch_add(1, Ordering::Relaxed);
            Pin::new(&mut ended).poll(cx).map(|_| ())
        });
        let both = beside(main, side);
        let drive = async {
            for _ in 0..10 {
                bytes.send(()).unwrap();
                tokio::task::yield_now().await;
            }
            let before = asked.load(Ordering::Relaxed);
            drop(end);
            before
        };
        let (output, before) = tokio::join!(both, drive);
        assert_eq!((output, before), (None, 1));
    }

    #[tokio::test]
    async fn what_main_gives_is_given() {
        assert_eq!(beside(async { 7 }, std::future::pending()).await, Some(7));
    }
}

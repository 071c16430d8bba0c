//! A request's body that is too large to be held: taken piece by piece by whoever carries the request out.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::mpsc;

/// What comes of a body.
#[derive(Debug)]
pub enum UploadPiece {
    /// The next bytes.
    Data(Bytes),
    /// It was whole. Without this it was cut short.
    End,
}

/// A body that can be taken once.
#[derive(Clone)]
pub struct Upload(Arc<Mutex<Option<mpsc::Receiver<UploadPiece>>>>);

/// Where the pieces are put in.
pub type UploadSender = mpsc::Sender<UploadPiece>;

/// Pieces that wait to be taken.
const QUEUE: usize = 4;

impl Upload {
    /// Both ends.
    pub fn new() -> (UploadSender, Self) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (sender, Self(Arc::new(Mutex::new(Some(receiver)))))
    }

    /// The pieces; `None` when they were taken already.
    pub(super) fn take(&self) -> Option<mpsc::Receiver<UploadPiece>> {
        self.0.lock().take()
    }
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upload")
    }
}

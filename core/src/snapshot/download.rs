//! An answer that is a file: whoever receives it can tell a whole one from one that was cut short.

use tokio::sync::mpsc;

/// What comes of a file.
#[derive(Debug)]
pub enum Piece {
    /// The next bytes.
    Data(Vec<u8>),
    /// It is whole. Without this the transfer is broken off, so that nobody takes it for one.
    End,
}

/// A file on its way.
#[derive(Debug)]
pub struct Download {
    /// MIME type.
    pub content_type: &'static str,
    /// The pieces; whoever makes them stops when this is dropped.
    pub pieces: mpsc::Receiver<Piece>,
}

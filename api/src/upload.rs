//! Requests whose body is a file: handed on piece by piece, without a limit on its size or time, to whoever carries them
//! out. It is only read once the caller was found to be allowed to send it.

use std::time::Duration;

use bytes::Bytes;
use coffer_core::Operation;
use coffer_core::snapshot::{Upload, UploadPiece};
use http_body::Body;
use http_body_util::BodyExt;

/// How long such a request may take from its head to its answer; a sender that stalls is cut off by its listener.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// How long the rest of a body that nobody wants is taken and thrown away, for a client that listens only when all is sent.
const DISCARD: Duration = Duration::from_secs(1);

/// Whether the body of a request is a file. `path` is the canonical one below `/v1/`.
pub(crate) fn is_upload(path: &str, operation: Operation) -> bool {
    operation.is_write() && matches!(path, "sys/storage/raft/snapshot" | "sys/storage/raft/snapshot-force")
}

/// The same, of a request that is not yet parsed; for limits alone.
pub fn takes_file(method: &http::Method, path: &str) -> bool {
    let path = path.strip_prefix("/v1/").unwrap_or_default();
    matches!(*method, http::Method::POST | http::Method::PUT) && is_upload(path, Operation::Update)
}

/// Begins to pass a body on.
pub(crate) fn pass_on<B>(mut body: B) -> Upload
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    let (sender, upload) = Upload::new();
    tokio::spawn(async move {
        loop {
            let piece = match body.frame().await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => UploadPiece::Data(bytes),
                    Err(_) => continue,
                },
                None => UploadPiece::End,
                // Dropping the sender says that it was cut short.
                Some(Err(_)) => return,
            };
            let is_end = matches!(piece, UploadPiece::End);
            if sender.send(piece).await.is_err() {
                let discarded = async { while let Some(Ok(_)) = body.frame().await {} };
                let _ = tokio::time::timeout(DISCARD, discarded).await;
                return;
            }
            if is_end {
                return;
            }
        }
    });
    upload
}

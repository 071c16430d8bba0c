//! Raft's questions from a member, answered by this node's core.

use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::Inner;
use super::channel::{Inbox, Outbox};
use super::greet::Known;
use super::receive_snapshot;
use super::wire::{
    self, Frame, Kind, SnapshotHead, append_answer, decode_append_request, decode_transfer_request,
    decode_vote_request, transfer_answer, vote_answer,
};
use crate::cluster::Shared;

/// Questions of one connection at work at once; more wait to be read.
const AT_WORK: usize = 64;

pub(super) async fn serve(inner: &Arc<Inner>, known: &Known, outbox: Outbox, mut inbox: Inbox) {
    let room = Arc::new(Semaphore::new(AT_WORK));
    while let Some(frame) = inbox.next().await {
        let Some(shared) = inner.shared() else { return };
        if !inner.is_still_known(known) {
            return;
        }
        if frame.kind == Kind::Snapshot {
            let Ok(head) = SnapshotHead::decode(frame.body) else { return };
            let answer = receive_snapshot::receive(&shared, head, &mut inbox).await;
            let _ = outbox.send(answer_frame(frame.id, answer)).await;
            continue;
        }
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let id = frame.id;
        let mut answering = Box::pin(answer(shared, frame));
        // Asked of the core in the order in which the questions came; the answers may come as they like.
        let first = std::future::poll_fn(|context| match answering.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending => Poll::Ready(None),
        });
        match first.await {
            Some(answer) => {
                if outbox.send(answer_frame(id, answer)).await.is_err() {
                    return;
                }
            }
            None => {
                let outbox = outbox.clone();
                tokio::spawn(async move {
                    let answer = answering.await;
                    // The connection may be gone by now.
                    let _ = outbox.send(answer_frame(id, answer)).await;
                    drop(permit);
                });
            }
        }
    }
}

fn answer_frame(id: u64, answer: Result<Bytes, String>) -> Frame {
    match answer {
        Ok(body) => Frame::new(Kind::Answer, id, body),
        Err(reason) => Frame::new(Kind::Failure, id, reason.into_bytes()),
    }
}

async fn answer(shared: Arc<Shared>, frame: Frame) -> Result<Bytes, String> {
    let raft = shared.raft.load_full();
    let malformed = |error: wire::Malformed| error.to_string();
    match frame.kind {
        Kind::Append => {
            let request = decode_append_request(frame.body).map_err(malformed)?;
            if !shared.takes(&request.entries, request.vote.leader_id.term) {
                return Err("the disk of this member is full".to_owned());
            }
            raft.append_entries(request).await.map(|answer| append_answer(&answer)).map_err(|error| error.to_string())
        }
        Kind::Vote => {
            let request = decode_vote_request(frame.body).map_err(malformed)?;
            raft.vote(request).await.map(|answer| vote_answer(&answer)).map_err(|error| error.to_string())
        }
        Kind::PreVote => {
            let request = decode_vote_request(frame.body).map_err(malformed)?;
            raft.pre_vote(request).await.map(|answer| vote_answer(&answer)).map_err(|error| error.to_string())
        }
        Kind::Transfer => {
            let request = decode_transfer_request(frame.body).map_err(malformed)?;
            let answer = raft.handle_transfer_leader(request).await;
            answer.map(|answer| transfer_answer(&answer)).map_err(|error| error.to_string())
        }
        other => Err(format!("this release does not answer questions of kind {}", other as u8)),
    }
}

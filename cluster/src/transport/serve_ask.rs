//! Questions of the upper layers from a member.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use coffer_model::Topic;
use tokio::sync::Semaphore;

use super::Inner;
use super::channel::{Inbox, Outbox};
use super::greet::Known;
use super::wire::{Frame, Kind};
use crate::membership::card;

/// Questions of one member at work at once; more wait to be read.
const AT_WORK: usize = 64;
/// Longest answer.
const MAX_ANSWER: usize = 16 << 20;

pub(super) async fn serve(inner: &Arc<Inner>, known: &Known, outbox: Outbox, mut inbox: Inbox) {
    let room = Arc::new(Semaphore::new(AT_WORK));
    while let Some(frame) = inbox.next().await {
        if frame.kind != Kind::Question {
            continue;
        }
        if !inner.is_still_known(known) {
            return;
        }
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let (inner, known, outbox) = (Arc::clone(inner), known.clone(), outbox.clone());
        tokio::spawn(async move {
            let answer = answer(&inner, &known, frame.body).await;
            let answer = match answer {
                Ok(body) if body.len() <= MAX_ANSWER => Frame::new(Kind::Answer, frame.id, body),
                Ok(_) => Frame::new(Kind::Failure, frame.id, &b"the answer is too long"[..]),
                Err(reason) => Frame::new(Kind::Failure, frame.id, reason.into_bytes()),
            };
            // The connection may be gone by now.
            let _ = outbox.send(answer).await;
            drop(permit);
        });
    }
}

/// A question's body: topic, then the topic's own bytes.
pub(crate) fn question(topic: Topic, question: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(question.len() + 2);
    out.put_u16(topic.0);
    out.put_slice(question);
    out.freeze()
}

async fn answer(inner: &Inner, known: &Known, mut body: Bytes) -> Result<Bytes, String> {
    let topic = Topic(body.try_get_u16().map_err(|_| "a question without a topic".to_owned())?);
    let shared = inner.shared().ok_or_else(|| "this node is starting or stopping".to_owned())?;
    match topic {
        Topic::PULSE => shared.answer_pulse(&known.identity, &body),
        card::TOPIC => card::tell(&shared),
        _ => match inner.service.load_full().as_deref() {
            Some(service) => service.answer(&known.identity, topic, body).await,
            None => Err("this node does not answer yet; ask again".to_owned()),
        },
    }
}

//! Every byte between nodes: frames, the greeting, Raft's messages. Ours and versioned; numbers are big endian.

mod bytes_io;
mod frame;
mod hello;
mod raft;

pub(crate) use frame::{Frame, FrameReader, Kind, MAX_FRAME, write_frame};
pub(crate) use hello::{Hello, MAX_GREETING, Refusal, RefusalCode};
pub(crate) use raft::{
    SnapshotHead, append_answer, append_request, decode_append_answer, decode_append_request, decode_transfer_answer,
    decode_transfer_request, decode_vote, decode_vote_answer, decode_vote_request, encode_vote, transfer_answer,
    transfer_request, vote_answer, vote_request,
};

/// Bytes that the other side can't have meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message makes no sense")]
pub(crate) struct Malformed;

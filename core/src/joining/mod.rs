//! How a node becomes a member of a cluster that is there already: what it and the leader say to each other, over the
//! API and before any connection between members is possible.
//!
//! 1. The joining node introduces itself with a nonce. The leader answers with a challenge that it does not keep, with how
//!    the root key is shared, and with a proof that it holds the unseal key.
//! 2. Operators give their shares to the joining node. It asks for a fresh challenge, checks the leader's proof, and
//!    answers with its own.
//! 3. The leader admits it, and gives it the list of members, sealed by the unseal key for this exchange.
//!
//! Every proof covers both sides' nonces and all that the joining node says of itself, its public key above all: an answer
//! that was listened to or passed on admits nobody else. A false leader without the key never gets an answer.

mod challenge;
mod desk;
mod leader;
mod wire;

pub use desk::{DeskError, FormerKeys, JoinDesk, JoinTarget, Pem, RememberedJoin, RememberedSeal};
pub use wire::{Answer, Base64, GivenCard, JoinerCard, NONCE_LEN, Offer, Offered, OfferedSeal, SealedCard, WireError};

pub(crate) use wire::{answer_text, exchange, offer_text};

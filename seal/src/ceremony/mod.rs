//! What operators do together, share by share. Each ceremony is a state machine that is given texts and records and
//! gives back what to store; it reads and writes nothing itself. The steps and the words of refusals are Vault's.

mod authorize;
mod collector;
mod fault;
mod generate_root;
mod init;
mod rekey;
#[cfg(test)]
pub(crate) mod testing;
mod unseal;

pub use authorize::{AuthorizeError, CurrentSeal};
pub use fault::Fault;
pub use generate_root::{
    GenerateRoot, GenerateRootError, GenerateRootStarted, GenerateRootStatus, GenerateRootStep, RootTokenCodingError,
    RootTokenPermit, TokenCover, decode_root_token,
};
pub use init::{InitError, InitRequest, Initialized, initialize};
pub use rekey::{
    Rekey, RekeyError, RekeyRequest, RekeyStatus, RekeyStep, RekeyVerifyError, VerificationStatus, VerifyStep,
};
pub use unseal::{JoinShares, SealedRecords, Unseal, UnsealError, UnsealProgress, UnsealStep};

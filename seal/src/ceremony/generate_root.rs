//! A new root token, by enough shares of the unseal key; only who began it can read the token.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::authorize::{AuthorizeError, CurrentSeal, authorize};
use super::collector::ShareCollector;
use super::fault::Fault;
use crate::key_share::{KeyShare, ShareLengthError};
use crate::nonce::Nonce;
use crate::secret_key::EntropyError;
use crate::unseal_key::OpenRootKeyError;

/// The generate-root ceremony: one at a time, lost when the node seals or stops leading.
#[derive(Default)]
pub struct GenerateRoot {
    run: Option<Run>,
}

struct Run {
    nonce: Nonce,
    otp: OneTimePad,
    shares: ShareCollector,
}

/// As many characters as the token, which its bytes are combined with by exclusive or.
#[derive(Clone)]
struct OneTimePad(Zeroizing<String>);

/// How the token is to be kept from everyone but the one who began.
#[derive(Debug)]
pub enum TokenCover<'a> {
    /// With a pad that the server makes and tells once.
    NewOtp,
    /// With a pad of the client's.
    Otp(&'a str),
    /// With a PGP key, which is not built.
    Pgp,
}

/// A run that began.
#[derive(Clone)]
pub struct GenerateRootStarted {
    /// The run.
    pub nonce: Nonce,
    /// The pad that was made, if one was; told this once.
    pub otp: Option<Zeroizing<String>>,
}

/// `sys/generate-root/attempt` of a run under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerateRootStatus {
    /// The run.
    pub nonce: Nonce,
    /// Shares held.
    pub progress: usize,
}

/// After a share was taken.
#[derive(Clone, Debug)]
pub enum GenerateRootStep {
    /// More shares are needed.
    Incomplete(GenerateRootStatus),
    /// Enough: a root token may be made.
    Authorized(RootTokenPermit),
}

/// The right to make one root token, and the pad to hand it out under.
#[derive(Clone)]
#[must_use = "the run has ended: a token is to be made"]
pub struct RootTokenPermit {
    nonce: Nonce,
    otp: OneTimePad,
}

/// A step that was refused; the texts are Vault's, but for that on PGP keys.
#[derive(Debug, thiserror::Error)]
pub enum GenerateRootError {
    /// Not as many characters as the token will have.
    #[error("OTP string has incorrect length")]
    OtpLength,
    /// A token encrypted with PGP is not built.
    #[error("PGP keys are not supported by this server: leave out pgp_key")]
    Pgp,
    /// Another run has to be finished or cancelled first.
    #[error("root generation already in progress")]
    InProgress,
    /// Nothing was begun.
    #[error("no root generation in progress")]
    NotInProgress,
    /// The share is meant for another run.
    #[error("incorrect nonce supplied; nonce for this root generation operation is \"{0}\"")]
    Nonce(Nonce),
    /// No share can be so long or so short.
    #[error("invalid key: {0}")]
    Length(#[from] ShareLengthError),
    /// The same share again.
    #[error("given key has already been provided during this generation operation")]
    AlreadyGiven,
    /// The shares are not those of this server.
    #[error("{}", refused(.0))]
    Refused(#[from] AuthorizeError),
    /// See [`EntropyError`].
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// A token and a pad that do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootTokenCodingError {
    /// Different lengths.
    #[error("the token has {token} bytes and the OTP {otp}")]
    Length {
        /// Bytes of the (encoded) token.
        token: usize,
        /// Bytes of the pad.
        otp: usize,
    },
    /// No base64.
    #[error("the encoded token is not base64")]
    NotBase64,
    /// Another pad than the one it was encoded with.
    #[error("the OTP does not belong to this token")]
    NotText,
}

impl GenerateRoot {
    /// Begins a run. `token_len` is how many characters a root token will have.
    pub fn start(&mut self, cover: TokenCover<'_>, token_len: usize) -> Result<GenerateRootStarted, GenerateRootError> {
        let (otp, told) = match cover {
            TokenCover::Pgp => return Err(GenerateRootError::Pgp),
            TokenCover::Otp(otp) if otp.len() != token_len => return Err(GenerateRootError::OtpLength),
            TokenCover::Otp(otp) => (Zeroizing::new(otp.to_owned()), None),
            TokenCover::NewOtp => {
                let otp = random_base62(token_len)?;
                (otp.clone(), Some(otp))
            }
        };
        if self.run.is_some() {
            return Err(GenerateRootError::InProgress);
        }
        let nonce = Nonce::generate()?;
        self.run = Some(Run { nonce, otp: OneTimePad(otp), shares: ShareCollector::default() });
        Ok(GenerateRootStarted { nonce, otp: told })
    }

    /// Ends a run without effect.
    pub fn cancel(&mut self) {
        self.run = None;
    }

    /// The run under way.
    pub fn status(&self) -> Option<GenerateRootStatus> {
        self.run.as_ref().map(|run| GenerateRootStatus { nonce: run.nonce, progress: run.shares.progress() })
    }

    /// Takes a share of the unseal key. Wrong shares clear the progress; the run goes on.
    pub fn provide(
        &mut self,
        share: KeyShare,
        nonce: &str,
        seal: CurrentSeal<'_>,
    ) -> Result<GenerateRootStep, GenerateRootError> {
        share.check_length()?;
        let mut run = self.run.take().ok_or(GenerateRootError::NotInProgress)?;
        let taken = run.take(share, nonce, seal);
        if let Ok(Taken::Enough) = taken {
            return Ok(GenerateRootStep::Authorized(RootTokenPermit { nonce: run.nonce, otp: run.otp }));
        }
        let status = GenerateRootStatus { nonce: run.nonce, progress: run.shares.progress() };
        self.run = Some(run);
        taken.map(|_| GenerateRootStep::Incomplete(status))
    }
}

enum Taken {
    More,
    Enough,
}

impl Run {
    fn take(&mut self, share: KeyShare, nonce: &str, seal: CurrentSeal<'_>) -> Result<Taken, GenerateRootError> {
        if !self.nonce.is(nonce) {
            return Err(GenerateRootError::Nonce(self.nonce));
        }
        let added = self.shares.add(share, seal.config.threshold()).map_err(|_| GenerateRootError::AlreadyGiven)?;
        let Some(shares) = added else {
            return Ok(Taken::More);
        };
        authorize(&shares, seal)?;
        Ok(Taken::Enough)
    }
}

impl RootTokenPermit {
    /// The run that ended.
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The token under the pad, as it is answered: exclusive or of both, in base64 without padding.
    pub fn encode(self, token: &str) -> Result<String, RootTokenCodingError> {
        let covered = Zeroizing::new(exclusive_or(token.as_bytes(), &self.otp.0)?);
        Ok(STANDARD_NO_PAD.encode(covered.as_slice()))
    }
}

/// The token in an answer of generate-root, for the client that has the pad.
pub fn decode_root_token(encoded: &str, otp: &str) -> Result<Zeroizing<String>, RootTokenCodingError> {
    const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let covered = ANY_PADDING.decode(encoded.trim()).map_err(|_| RootTokenCodingError::NotBase64)?;
    let token = exclusive_or(&covered, otp)?;
    String::from_utf8(token).map(Zeroizing::new).map_err(|_| RootTokenCodingError::NotText)
}

fn exclusive_or(token: &[u8], otp: &str) -> Result<Vec<u8>, RootTokenCodingError> {
    if token.len() != otp.len() {
        return Err(RootTokenCodingError::Length { token: token.len(), otp: otp.len() });
    }
    Ok(token.iter().zip(otp.bytes()).map(|(byte, pad)| byte ^ pad).collect())
}

fn random_base62(len: usize) -> Result<Zeroizing<String>, EntropyError> {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // Bytes from here on would favour the first digits.
    const FAIR: usize = 256 - 256 % DIGITS.len();
    let mut text = Zeroizing::new(String::with_capacity(len));
    let mut bytes = Zeroizing::new([0; 64]);
    while text.len() < len {
        getrandom::fill(bytes.as_mut())?;
        let digits = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < FAIR);
        let missing = len - text.len();
        text.extend(digits.take(missing).map(|byte| char::from(DIGITS[byte % DIGITS.len()])));
    }
    Ok(text)
}

fn refused(error: &AuthorizeError) -> String {
    match error {
        AuthorizeError::Combine(_) => error.to_string(),
        AuthorizeError::Open(OpenRootKeyError::Stored(stored)) => {
            format!("root generation aborted: unable to authenticate: unable to retrieve stored keys: {stored}")
        }
        AuthorizeError::Open(size) => {
            format!("root generation aborted: unable to authenticate: invalid key: {size}")
        }
        AuthorizeError::OtherRootKey => format!("root generation aborted: {error}"),
    }
}

impl GenerateRootError {
    /// Whom to blame: Vault answers 400 to all but its own failures.
    pub fn fault(&self) -> Fault {
        if matches!(self, Self::Entropy(_)) { Fault::Server } else { Fault::Request }
    }
}

impl fmt::Debug for GenerateRootStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenerateRootStarted").field("nonce", &self.nonce).finish_non_exhaustive()
    }
}

impl fmt::Debug for RootTokenPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootTokenPermit").field("nonce", &self.nonce).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceremony::testing::Server;
    use proptest::prelude::*;

    const TOKEN: &str = "hvs.abcdefghijklmnopqrstuvwx";

    fn seal(server: &Server) -> CurrentSeal<'_> {
        CurrentSeal { config: server.config(), stored_keys: server.stored_keys(), barrier: &server.barrier }
    }

    #[test]
    fn enough_shares_permit_one_token_that_only_the_pad_uncovers() {
        let server = Server::new(3, 2);
        let mut ceremony = GenerateRoot::default();
        let started = ceremony.start(TokenCover::NewOtp, TOKEN.len()).unwrap();
        let otp = started.otp.unwrap();
        assert_eq!(otp.len(), TOKEN.len());
        assert!(otp.bytes().all(|c| c.is_ascii_alphanumeric()));
        let name = started.nonce.to_string();
        let step = ceremony.provide(server.shares[0].clone(), &name, seal(&server));
        assert!(matches!(step, Ok(GenerateRootStep::Incomplete(status)) if status.progress == 1));
        let Ok(GenerateRootStep::Authorized(permit)) = ceremony.provide(server.shares[2].clone(), &name, seal(&server))
        else {
            panic!("not authorized");
        };
        assert_eq!(permit.nonce(), started.nonce);
        assert!(ceremony.status().is_none());
        let encoded = permit.encode(TOKEN).unwrap();
        assert_eq!(decode_root_token(&encoded, &otp).unwrap().as_str(), TOKEN);
    }

    #[test]
    fn a_pad_of_the_clients_is_used_and_not_told() {
        let server = Server::new(1, 1);
        let mut ceremony = GenerateRoot::default();
        let otp = "x".repeat(TOKEN.len());
        let started = ceremony.start(TokenCover::Otp(&otp), TOKEN.len()).unwrap();
        assert!(started.otp.is_none());
        let step = ceremony.provide(server.shares[0].clone(), &started.nonce.to_string(), seal(&server));
        let Ok(GenerateRootStep::Authorized(permit)) = step else { panic!("not authorized") };
        assert_eq!(decode_root_token(&permit.encode(TOKEN).unwrap(), &otp).unwrap().as_str(), TOKEN);
    }

    #[test]
    fn what_is_out_of_turn_is_refused_in_vaults_words() {
        let server = Server::new(3, 2);
        let share = || server.shares[0].clone();
        let mut ceremony = GenerateRoot::default();
        let refused = ceremony.provide(share(), "x", seal(&server)).unwrap_err();
        assert_eq!(refused.to_string(), "no root generation in progress");
        let refused = ceremony.start(TokenCover::Otp("abc"), TOKEN.len()).unwrap_err();
        assert_eq!(refused.to_string(), "OTP string has incorrect length");
        assert!(matches!(ceremony.start(TokenCover::Pgp, 1), Err(GenerateRootError::Pgp)));
        let nonce = ceremony.start(TokenCover::NewOtp, TOKEN.len()).unwrap().nonce;
        let refused = ceremony.start(TokenCover::NewOtp, TOKEN.len()).unwrap_err();
        assert_eq!(refused.to_string(), "root generation already in progress");
        let refused = ceremony.provide(share(), "x", seal(&server)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("incorrect nonce supplied; nonce for this root generation operation is \"{nonce}\"")
        );
        let name = nonce.to_string();
        let short = KeyShare::parse("abcd").unwrap();
        let refused = ceremony.provide(short, &name, seal(&server)).unwrap_err();
        assert_eq!(refused.to_string(), "invalid key: key is shorter than minimum 16 bytes");
        ceremony.provide(share(), &name, seal(&server)).unwrap();
        let refused = ceremony.provide(share(), &name, seal(&server)).unwrap_err();
        assert_eq!(refused.to_string(), "given key has already been provided during this generation operation");
        assert_eq!(ceremony.status(), Some(GenerateRootStatus { nonce, progress: 1 }));
        ceremony.cancel();
        assert_eq!(ceremony.status(), None);
    }

    #[test]
    fn wrong_shares_clear_the_progress_and_permit_nothing() {
        let server = Server::new(3, 2);
        let mut ceremony = GenerateRoot::default();
        let nonce = ceremony.start(TokenCover::NewOtp, TOKEN.len()).unwrap().nonce;
        let name = nonce.to_string();
        ceremony.provide(server.shares[0].clone(), &name, seal(&server)).unwrap();
        let mut wrong = server.shares[1].bytes().to_vec();
        wrong[0] ^= 1;
        let wrong = KeyShare::parse(&hex::encode(wrong)).unwrap();
        let refused = ceremony.provide(wrong, &name, seal(&server)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "root generation aborted: unable to authenticate: unable to retrieve stored keys: invalid key: failed to \
             decrypt keys from storage: cipher: message authentication failed"
        );
        assert_eq!(refused.fault(), Fault::Request);
        assert_eq!(ceremony.status(), Some(GenerateRootStatus { nonce, progress: 0 }));
    }

    #[test]
    fn shares_of_another_server_with_its_own_stored_keys_permit_nothing() {
        let server = Server::new(1, 1);
        let other = Server::new(1, 1);
        let mut ceremony = GenerateRoot::default();
        let name = ceremony.start(TokenCover::NewOtp, TOKEN.len()).unwrap().nonce.to_string();
        let mixed = CurrentSeal { barrier: &server.barrier, ..seal(&other) };
        let refused = ceremony.provide(other.shares[0].clone(), &name, mixed).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "root generation aborted: root key verification failed: unseal failed, invalid key"
        );
    }

    #[test]
    fn an_answer_of_openbaos_decodes() {
        let token = decode_root_token("MBphczgAN1EEEgsBaz4aAmIsMx5OCXRhD2U", "C40BUDAiKCRJSLCH8BznwF3WFW").unwrap();
        assert_eq!(token.as_str(), "s.Q1mDv8OQYK8rYJZnIp9OG6I2");
    }

    #[test]
    fn a_pad_that_does_not_fit_is_named() {
        let length = RootTokenCodingError::Length { token: 3, otp: 2 };
        assert_eq!(decode_root_token("AAAA", "ab"), Err(length));
        assert_eq!(decode_root_token("A A", "ab"), Err(RootTokenCodingError::NotBase64));
        assert_eq!(decode_root_token("/w==", "a"), Err(RootTokenCodingError::NotText));
    }

    proptest! {
        #[test]
        fn no_text_panics(encoded in ".*", otp in ".*") {
            let _ = decode_root_token(&encoded, &otp);
        }
    }
}

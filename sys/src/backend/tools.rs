//! `sys/tools`: random bytes and hashes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use coffer_core::Operation::Update;
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Response};
use serde_json::json;
use sha2::Digest;
use zeroize::Zeroizing;

use super::SystemBackend;

/// Most bytes given at once.
const MAX_BYTES: i64 = 128 * 1024;

const RANDOM_FIELDS: &[Field] = &[
    Field::new("urlbytes", Kind::Text, "Number of bytes, or the source."),
    Field::new("source", Kind::Text, "platform, seal or all; all are the system's generator here."),
    Field::new("bytes", Kind::Int, "Number of bytes, 32 by default."),
    Field::new("format", Kind::Text, "base64 (default) or hex."),
];

const HASH_FIELDS: &[Field] = &[
    Field::new("urlalgorithm", Kind::Text, "The algorithm."),
    Field::new("algorithm", Kind::Text, "sha2-224, -256 (default), -384, -512, or sha3- with the same."),
    Field::new("input", Kind::Text, "What is hashed, in base64."),
    Field::new("format", Kind::Text, "hex (default) or base64."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("tools/random/?", RANDOM_FIELDS, "Random bytes.").on(Update, random),
        Route::new("tools/random/{urlbytes}", RANDOM_FIELDS, "Random bytes.").on(Update, random),
        Route::new("tools/random/{source}/{urlbytes...}", RANDOM_FIELDS, "Random bytes.").on(Update, random),
        Route::new("tools/hash/?", HASH_FIELDS, "A hash.").on(Update, hash),
        Route::new("tools/hash/{urlalgorithm...}", HASH_FIELDS, "A hash.").on(Update, hash),
    ]
}

fn random(_: &SystemBackend, _: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let is_source = |text: &str| matches!(text, "platform" | "seal" | "all");
    let url = fields.capture("urlbytes");
    let (source, url_bytes) = match fields.capture("source") {
        "" if is_source(url) => (url, ""),
        // What can't be the name of a source counts for nothing at all.
        "" if !url.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') => ("platform", ""),
        "" => ("platform", url),
        source => (source, url),
    };
    let bytes = match url_bytes {
        "" => fields.int("bytes")?.unwrap_or(32),
        text => text.parse().map_err(|_| {
            Failure::Invalid(format!(
                "error parsing url-set byte count: strconv.Atoi: parsing {text:?}: invalid syntax"
            ))
        })?,
    };
    if bytes < 1 {
        return Err(Failure::invalid("'bytes' cannot be less than 1"));
    }
    if bytes > MAX_BYTES {
        return Err(Failure::Invalid(format!("'bytes' should be less than {MAX_BYTES}")));
    }
    let format = fields.text("format")?.unwrap_or("base64".into());
    if !matches!(format.as_ref(), "hex" | "base64") {
        return Err(Failure::Invalid(format!("unsupported encoding format {format:?}; must be \"hex\" or \"base64\"")));
    }
    if !is_source(source) {
        return Err(Failure::Invalid(format!(
            "unsupported entropy source {source:?}; must be \"platform\" or \"seal\", or \"all\""
        )));
    }
    let mut random = Zeroizing::new(vec![0; usize::try_from(bytes).unwrap_or_default()]);
    getrandom::fill(&mut random).map_err(Failure::internal)?;
    let mut response = Response::data(json!({ "random_bytes": encode(&random, &format) }));
    if source == "seal" {
        response.warnings.push("no seal/entropy augmentation available, using platform entropy source".to_owned());
    }
    Ok(response)
}

fn hash(_: &SystemBackend, _: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let algorithm = match fields.capture("urlalgorithm") {
        "" => fields.text("algorithm")?.filter(|text| !text.is_empty()).unwrap_or("sha2-256".into()),
        url => url.into(),
    };
    let format = fields.text("format")?.filter(|text| !text.is_empty()).unwrap_or("hex".into());
    if !matches!(format.as_ref(), "hex" | "base64") {
        return Err(Failure::Invalid(format!("unsupported encoding format {format}; must be \"hex\" or \"base64\"")));
    }
    let input = fields.text_or_empty("input")?;
    let input = Zeroizing::new(STANDARD.decode(input.as_bytes()).map_err(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol { offset: at, .. } => at,
            _ => input.len(),
        };
        Failure::Invalid(format!("unable to decode input as base64: illegal base64 data at input byte {at}"))
    })?);
    let sum = match algorithm.as_ref() {
        "sha2-224" => sha2::Sha224::digest(&input).to_vec(),
        "sha2-256" => sha2::Sha256::digest(&input).to_vec(),
        "sha2-384" => sha2::Sha384::digest(&input).to_vec(),
        "sha2-512" => sha2::Sha512::digest(&input).to_vec(),
        "sha3-224" => sha3::Sha3_224::digest(&input).to_vec(),
        "sha3-256" => sha3::Sha3_256::digest(&input).to_vec(),
        "sha3-384" => sha3::Sha3_384::digest(&input).to_vec(),
        "sha3-512" => sha3::Sha3_512::digest(&input).to_vec(),
        other => return Err(Failure::Invalid(format!("unsupported algorithm {other}"))),
    };
    Ok(Response::data(json!({ "sum": encode(&sum, &format) })))
}

fn encode(bytes: &[u8], format: &str) -> String {
    match format {
        "hex" => hex::encode(bytes),
        _ => STANDARD.encode(bytes),
    }
}

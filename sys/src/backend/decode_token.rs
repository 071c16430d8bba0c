//! `sys/decode-token`: from what generate-root gives out to the token, by the one-time password.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use coffer_core::Operation::Update;
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Response};
use serde_json::json;
use zeroize::Zeroizing;

use super::SystemBackend;

const FIELDS: &[Field] = &[
    Field::new("encoded_token", Kind::Text, "What generate-root gave out."),
    Field::new("otp", Kind::Text, "The one-time password of that ceremony."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![Route::new("decode-token", FIELDS, "Take the one-time password off a token.").on(Update, decode)]
}

fn decode(_: &SystemBackend, _: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let encoded = matched.fields.text_or_empty("encoded_token")?;
    let otp = matched.fields.text_or_empty("otp")?;
    if encoded.is_empty() || otp.is_empty() {
        return Err(Failure::invalid("provided 'encoded_token' or 'otp' is empty"));
    }
    let token = uncover(&encoded, &otp)?;
    Ok(Response::data(json!({ "token": token.as_str() })))
}

fn uncover(encoded: &str, otp: &str) -> Result<Zeroizing<String>, Failure> {
    let covered = STANDARD_NO_PAD
        .decode(encoded.trim_end_matches('='))
        .map(Zeroizing::new)
        .map_err(|_| Failure::invalid("error decoding base64'd token"))?;
    if covered.len() != otp.len() {
        return Err(Failure::Invalid(format!(
            "error xoring token: length of byte slices is not equivalent: {} != {}",
            covered.len(),
            otp.len()
        )));
    }
    let plain: Zeroizing<Vec<u8>> = Zeroizing::new(covered.iter().zip(otp.bytes()).map(|(a, b)| a ^ b).collect());
    let text = std::str::from_utf8(&plain).map_err(|_| Failure::invalid("the token and the otp do not belong together"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_comes_off() {
        let (token, otp) = ("hvs.abc", "1234567");
        let covered: Vec<u8> = token.bytes().zip(otp.bytes()).map(|(a, b)| a ^ b).collect();
        let encoded = STANDARD_NO_PAD.encode(covered);
        assert_eq!(uncover(&encoded, otp).unwrap().as_str(), token);
        assert!(uncover(&encoded, "short").unwrap_err().to_string().contains("7 != 5"));
        assert!(uncover("%", otp).is_err());
    }
}

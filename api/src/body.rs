//! Bodies: bounded while they are read, bounded in depth and number of values when they are parsed.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use coffer_core::{Failure, Payload};
use http::HeaderMap;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::form;

/// Values (numbers, texts, containers) that one body may hold; beyond it a small body would take large memory.
const MAX_VALUES: usize = 500_000;

/// Bodies up to this size are read as they come.
pub(crate) const SMALL: usize = 64 * 1024;
/// KiB that all larger bodies of the process may take together; who comes later waits.
const ROOM: u32 = 128 * 1024;
/// KiB that are taken at a time, as the bytes come: what is only announced takes nothing.
const STEP: u32 = 1024;
/// How long a body waits for room, and how long one that has taken some may send nothing.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the rest of a body that is too large is taken and thrown away, for a client that listens only when all is sent.
const DISCARD: Duration = Duration::from_secs(1);

static LARGE_BODIES: Semaphore = Semaphore::const_new(ROOM as usize);

/// The right to hold a large body; kept for as long as what was made of the body.
pub(crate) type Room = Option<SemaphorePermit<'static>>;

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read<B>(headers: &HeaderMap, body: B, limit: usize) -> Result<(Bytes, Room), Failure>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut body = body;
    let (least, most) = (body.size_hint().lower(), body.size_hint().upper().unwrap_or(u64::MAX));
    if least > limit as u64 {
        return Err(too_large(headers, body, limit).await);
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(limit);
    let mut room: Room = None;
    let mut first = Bytes::new();
    let mut rest: Option<BytesMut> = None;
    while let Some(frame) = next_frame(&mut body, room.is_some()).await? {
        let frame = frame.map_err(|_| Failure::invalid("the request body ended early or is malformed"))?;
        let Ok(data) = frame.into_data() else { continue };
        let so_far = rest.as_ref().map_or(first.len(), BytesMut::len);
        if so_far + data.len() > limit {
            drop((data, first, rest, room));
            return Err(too_large(headers, body, limit).await);
        }
        if so_far + data.len() > SMALL {
            extend(&mut room, so_far + data.len(), most).await?;
        }
        match &mut rest {
            // Most bodies come in one piece, which is then not copied.
            None if first.is_empty() => first = data,
            None => {
                let expected = usize::try_from(least).unwrap_or(0).min(most);
                let mut joined = BytesMut::with_capacity(expected.max(first.len() + data.len()));
                joined.extend_from_slice(&first);
                joined.extend_from_slice(&data);
                rest = Some(joined);
            }
            Some(joined) => joined.extend_from_slice(&data),
        }
    }
    Ok((rest.map_or(first, BytesMut::freeze), room))
}

async fn next_frame<B>(body: &mut B, is_large: bool) -> Result<Option<Result<Frame<Bytes>, B::Error>>, Failure>
where
    B: Body<Data = Bytes> + Unpin,
{
    if !is_large {
        return Ok(body.frame().await);
    }
    let slow = |_| Failure::Invalid(format!("no more of the request body came within {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, body.frame()).await.map_err(slow)
}

/// Room for so many bytes that have come; `most` will.
async fn extend(room: &mut Room, bytes: usize, most: usize) -> Result<(), Failure> {
    let kib = |bytes: usize| u32::try_from(bytes / 1024 + 1).unwrap_or(ROOM).min(ROOM);
    let held = room.as_ref().map_or(0, SemaphorePermit::num_permits);
    let held = u32::try_from(held).unwrap_or(ROOM);
    if held >= kib(bytes) {
        return Ok(());
    }
    let step = kib(bytes).next_multiple_of(STEP).min(kib(most)).max(kib(bytes)) - held;
    let waited = tokio::time::timeout(PATIENCE, LARGE_BODIES.acquire_many(step)).await;
    let more = waited.map_err(|_| Failure::Unavailable("too many large requests at once: try again".to_owned()))?;
    let more = more.map_err(Failure::internal)?;
    match room {
        Some(held) => held.merge(more),
        None => *room = Some(more),
    }
    Ok(())
}

async fn too_large<B: Body<Data = Bytes> + Unpin>(headers: &HeaderMap, mut body: B, limit: usize) -> Failure {
    // A client that asked first has sent nothing yet; an answer while it sends would be lost with the connection.
    if !headers.contains_key(http::header::EXPECT) {
        let discarded = async { while let Some(Ok(_)) = body.frame().await {} };
        let _ = tokio::time::timeout(DISCARD, discarded).await;
    }
    Failure::TooLarge(format!("the request body is larger than {limit} bytes (max_request_size of the listener)"))
}

/// The JSON object (or form) in a body; an empty body and `null` are an empty object.
pub(crate) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Payload, Failure> {
    if body.trim_ascii().is_empty() {
        return Ok(Payload::default());
    }
    if form::is_form(headers, body) {
        if body.iter().filter(|byte| **byte == b'&').count() >= MAX_VALUES {
            return Err(Failure::TooLarge(format!("the request body holds more than {MAX_VALUES} form values")));
        }
        return Ok(form::parse(body).into());
    }
    if count_values(body) > MAX_VALUES {
        return Err(Failure::TooLarge(format!("the request body holds more than {MAX_VALUES} JSON values")));
    }
    // Bytes that are not UTF-8 become U+FFFD, as in Go's decoder; texts are rarely so.
    let text = String::from_utf8_lossy(body);
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let first = values.next();
    if matches!(first, Some(Ok(_))) {
        check_rest(text.get(values.byte_offset()..).unwrap_or_default())?;
    }
    match first {
        None => Ok(Payload::default()),
        Some(Ok(Value::Object(map))) if map.values().any(holds_no_float) => {
            Err(decode_error("json: cannot unmarshal number into Go value of type float64: it is out of range"))
        }
        Some(Ok(Value::Object(map))) => Ok(map.into()),
        Some(Ok(Value::Null)) => Ok(Map::new().into()),
        Some(Ok(other)) => Err(decode_error(&format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            kind(&other)
        ))),
        Some(Err(error)) => Err(decode_error(&describe(&error, &text))),
    }
}

/// Whether there is a number that is larger than any float, which clients could not read again.
fn holds_no_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64().is_none() && number.as_f64().is_none(),
        Value::Array(items) => items.iter().any(holds_no_float),
        Value::Object(map) => map.values().any(holds_no_float),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// What follows the first value has no effect, but must be JSON too.
fn check_rest(rest: &str) -> Result<(), Failure> {
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
    loop {
        let begin = values.byte_offset();
        match values.next() {
            None => return Ok(()),
            Some(Ok(IgnoredAny)) => {}
            Some(Err(error)) if error.is_eof() => return Err(decode_error("unexpected EOF")),
            Some(Err(_)) => {
                let next = rest.get(begin..).unwrap_or_default().trim_ascii_start().chars().next();
                return Err(match next.filter(char::is_ascii_graphic) {
                    Some(next) => decode_error(&format!("invalid character '{next}' looking for beginning of value")),
                    None => decode_error("malformed JSON after the first value"),
                });
            }
        }
    }
}

fn decode_error(text: &str) -> Failure {
    Failure::Invalid(format!("failed to decode JSON input: {text}"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Null | Value::Object(_) => "value",
    }
}

/// What is wrong, in the words of Go's decoder; of the body itself at most one character.
fn describe(error: &serde_json::Error, text: &str) -> String {
    if error.is_eof() {
        return "unexpected EOF".to_owned();
    }
    let (line, column) = (error.line(), error.column());
    let of_line = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    // A column counts bytes up to the offending one; a line feed is told as column 0 of the next line.
    let before = of_line.get(..column.saturating_sub(1)).unwrap_or_default();
    let after = if column == 0 { "" } else { of_line.get(before.len()..).unwrap_or_default() };
    let offending = after.chars().next().unwrap_or('\n');
    let shown = match offending {
        '\n' => "'\\n'".to_owned(),
        '\t' => "'\\t'".to_owned(),
        '\r' => "'\\r'".to_owned(),
        '\'' => "'\\''".to_owned(),
        control if control.is_control() => format!("'\\x{:02x}'", u32::from(control)),
        other => format!("'{other}'"),
    };
    let message = error.to_string();
    let kind = message.split(" at line ").next().unwrap_or_default();
    match kind {
        "recursion limit exceeded" => format!("nested too deeply at line {line}, column {column}"),
        "expected value" | "key must be a string" => {
            format!("invalid character {shown} looking for beginning of value")
        }
        "trailing comma" => "invalid character ',' looking for beginning of value".to_owned(),
        "expected `:`" => format!("invalid character {shown} after object key"),
        "expected `,` or `}`" => format!("invalid character {shown} after object key:value pair"),
        "expected `,` or `]`" => format!("invalid character {shown} after array element"),
        "expected ident" => match literal(before) {
            Some((literal, expected)) => {
                format!("invalid character {shown} in literal {literal} (expecting '{expected}')")
            }
            None => format!("invalid character {shown} looking for beginning of value"),
        },
        "invalid number" => format!("invalid character {shown} in numeric literal"),
        "invalid escape" => format!("invalid escape sequence `\\{offending}` in string"),
        _ if kind.starts_with("control character") => format!("invalid character {shown} in string"),
        _ => format!("malformed JSON at line {line}, column {column}"),
    }
}

/// The literal that a text ends within, and its next character.
fn literal(text: &str) -> Option<(&'static str, char)> {
    ["null", "true", "false"].into_iter().find_map(|literal| {
        let begun = (1..literal.len()).rev().find(|&length| text.ends_with(&literal[..length]))?;
        Some((literal, char::from(literal.as_bytes()[begun])))
    })
}

/// At least the number of values in it, without parsing: separators outside of texts.
fn count_values(body: &[u8]) -> usize {
    let (mut values, mut in_text, mut escaped) = (1usize, false, false);
    for byte in body {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b',' | b'[' | b'{' | b':') => values += 1,
            _ => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;
    use proptest::prelude::*;

    fn error(body: &str) -> String {
        parse(&HeaderMap::new(), body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_bad_body_is_named_and_not_echoed() {
        assert_eq!(error("{\"a\":"), "failed to decode JSON input: unexpected EOF");
        assert!(error("[1]").contains("cannot unmarshal array into Go value"));
        assert!(!error("{\"a\": hidden-value}").contains("hidden"));
        assert!(error(&"[".repeat(100_000)).contains("nested too deeply"));
    }

    #[test]
    fn mistakes_are_told_in_the_words_of_go() {
        for (body, told) in [
            ("not json", "invalid character 'o' in literal null (expecting 'u')"),
            ("x", "invalid character 'x' looking for beginning of value"),
            ("{\"a\":1,}", "invalid character ',' looking for beginning of value"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{a:1}", "invalid character 'a' looking for beginning of value"),
            ("{\"a\":tru}", "invalid character '}' in literal true (expecting 'e')"),
            ("{\"a\":1 \"b\":2}", "invalid character '\"' after object key:value pair"),
            ("{\"a\":[1 2]}", "invalid character '2' after array element"),
            ("{\"a\":\"x\ny\"}", "invalid character '\\n' in string"),
            ("{\"a\":-}", "invalid character '}' in numeric literal"),
            ("{\"a\":\"\\q\"}", "invalid escape sequence `\\q` in string"),
            ("[1", "unexpected EOF"),
        ] {
            assert_eq!(error(body), format!("failed to decode JSON input: {told}"), "{body}");
        }
    }

    #[test]
    fn what_follows_the_object_must_be_json() {
        let headers = HeaderMap::new();
        assert_eq!(
            error("{\"a\":1}}"),
            "failed to decode JSON input: invalid character '}' looking for beginning of value"
        );
        assert_eq!(error("{} x"), "failed to decode JSON input: invalid character 'x' looking for beginning of value");
        assert_eq!(error("{} \""), "failed to decode JSON input: unexpected EOF");
        assert_eq!(parse(&headers, b"{\"a\":1} {\"b\":2} null\n").unwrap().map().len(), 1);
    }

    #[test]
    fn other_encodings_lose_their_characters_alone() {
        let parsed = parse(&HeaderMap::new(), b"{\"a\": \"caf\xe9\"}").unwrap();
        assert_eq!(parsed.map()["a"], "caf\u{fffd}");
    }

    #[test]
    fn numbers_stay_digit_for_digit() {
        let body = r#"{"a":123456789012345678901234567890,"b":-9223372036854775809,"c":[0.1000,3.141592653589793238462643383279]}"#;
        let parsed = parse(&HeaderMap::new(), body.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(parsed.map()).unwrap(), body);
        for body in ["{\"a\":[1e400]}".to_owned(), format!("{{\"a\":{{\"b\":{}}}}}", "9".repeat(400))] {
            assert!(error(&body).contains("out of range"), "{body}");
        }
    }

    #[test]
    fn nothing_is_an_empty_object() {
        for body in ["", "  \n", "null", "{}"] {
            assert!(parse(&HeaderMap::new(), body.as_bytes()).unwrap().map().is_empty());
        }
    }

    #[test]
    fn many_small_values_are_refused_before_they_are_parsed() {
        let body = format!("[{}]", "1,".repeat(MAX_VALUES + 1));
        assert!(error(&body).contains("JSON values"));
    }

    #[test]
    fn many_form_values_are_refused_likewise() {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
        let failure = parse(&headers, "a&".repeat(MAX_VALUES).as_bytes()).unwrap_err();
        assert!(matches!(failure, Failure::TooLarge(_)));
        assert_eq!(parse(&headers, b"a=1&b=2").unwrap().map().len(), 2);
    }

    #[tokio::test]
    async fn a_large_body_is_refused() {
        let headers = HeaderMap::new();
        let failure = read(&headers, Full::new(Bytes::from(vec![b' '; 11])), 10).await.unwrap_err();
        assert!(matches!(failure, Failure::TooLarge(_)));
        assert_eq!(read(&headers, Full::new(Bytes::from(vec![b' '; 10])), 10).await.unwrap().0.len(), 10);
    }

    #[tokio::test]
    async fn large_bodies_take_their_room_and_give_it_back() {
        let body = || Full::new(Bytes::from(vec![b' '; 1 << 20]));
        let before = LARGE_BODIES.available_permits();
        let (_, room) = read(&HeaderMap::new(), body(), 2 << 20).await.unwrap();
        assert_eq!(before - LARGE_BODIES.available_permits(), 1025);
        drop(room);
        assert_eq!(LARGE_BODIES.available_permits(), before);
        let (_, room) = read(&HeaderMap::new(), Full::new(Bytes::from(vec![b' '; SMALL])), 2 << 20).await.unwrap();
        assert!(room.is_none());
    }

    /// Sends 64 KiB and announces far more.
    struct Announced(bool);

    impl Body for Announced {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match std::mem::replace(&mut self.0, true) {
                false => std::task::Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b' '; SMALL]))))),
                true => std::task::Poll::Pending,
            }
        }

        fn size_hint(&self) -> http_body::SizeHint {
            http_body::SizeHint::with_exact(32 << 20)
        }
    }

    #[tokio::test]
    async fn what_is_only_announced_takes_no_room() {
        let headers = HeaderMap::new();
        let announced: Vec<_> = (0..64)
            .map(|_| {
                let headers = headers.clone();
                tokio::spawn(async move { read(&headers, Announced(false), 32 << 20).await.map(drop) })
            })
            .collect();
        tokio::task::yield_now().await;
        let large = Full::new(Bytes::from(vec![b' '; 8 << 20]));
        assert_eq!(read(&headers, large, 32 << 20).await.unwrap().0.len(), 8 << 20);
        announced.iter().for_each(tokio::task::JoinHandle::abort);
    }

    proptest! {
        #[test]
        fn no_body_makes_the_parser_panic(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse(&HeaderMap::new(), &body);
        }
    }
}

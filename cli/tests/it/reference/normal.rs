//! What differs from run to run, and between the tools' names, made the same.

/// Rows and lines whose value is a time that runs.
const RUNNING: [&str; 6] = ["ttl", "expire_time", "issue_time", "creation_time", "last_renewal", "last_renewal_time"];

pub fn normal(text: &str) -> String {
    let text = text.replace("OpenBao", "Vault").replace("BAO_", "VAULT_").replace("\"bao\n", "\"vault\n");
    let text = text.replace("\"bao ", "\"vault ").replace("$(bao ", "$(vault ");
    // How often a move is asked after is each client's own business.
    let lines = text.lines().filter(|line| !line.starts_with("Waiting for terminal status"));
    let lines: Vec<String> = lines.map(line).collect();
    let end = if text.ends_with('\n') { "\n" } else { "" };
    lines.join("\n") + end
}

fn line(line: &str) -> String {
    let key = line.trim_start().trim_start_matches('"');
    let key = key.split(['"', ':', ' ']).next().unwrap_or_default();
    if RUNNING.contains(&key) && !line.contains("(") {
        return format!("{key} ...");
    }
    if line.starts_with("curl ") {
        return headers_sorted(line);
    }
    let mut out = String::new();
    let mut word = String::new();
    for character in line.chars() {
        if character.is_alphanumeric() || "-_.:+/=".contains(character) {
            word.push(character);
        } else {
            out.push_str(&shown(&word));
            word.clear();
            out.push(character);
        }
    }
    out + &shown(&word)
}

/// The word, or what kind of random or changing thing it is.
fn shown(word: &str) -> String {
    let bare = word.strip_prefix("request_id:").unwrap_or(word);
    if bare.contains("127.0.0.1:") {
        return "HOST".to_owned();
    }
    if is_uuid(bare) {
        return "UUID".to_owned();
    }
    if is_time(bare) {
        return "TIME".to_owned();
    }
    let alphanumeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let token = ["s.", "b.", "hvs."].iter().find_map(|prefix| word.strip_prefix(prefix));
    if token.is_some_and(|rest| rest.len() >= 20) {
        return "TOKEN".to_owned();
    }
    if word.len() == 24 && alphanumeric(word) {
        return "ACCESSOR".to_owned();
    }
    let hexadecimal = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some((name, _)) = word.rsplit_once(['_', '-']).filter(|(_, end)| hexadecimal(end)) {
        return format!("{name}_HEXADECI");
    }
    if word.len() == 44 && word.ends_with('=') || word.len() == 66 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return "SHARE".to_owned();
    }
    word.to_owned()
}

fn is_uuid(word: &str) -> bool {
    let lengths: Vec<usize> = word.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_time(word: &str) -> bool {
    let date = |text: &str| text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    match word.split_once('T') {
        Some((day, clock)) => date(day) && clock.ends_with('Z') && clock.contains(':'),
        None => {
            (date(word) && word.starts_with("20"))
                || (word.len() >= 8 && word.as_bytes()[2] == b':' && word.as_bytes()[5] == b':')
        }
    }
}

/// The reference prints headers in any order.
fn headers_sorted(line: &str) -> String {
    let mut parts: Vec<&str> = line.split("-H ").collect();
    let last = parts.pop().unwrap_or_default();
    let (header, rest) = match last.strip_prefix('"').and_then(|text| text.split_once("\" ")) {
        Some((header, rest)) => (header, rest),
        None => ("", last),
    };
    let first = parts.first().copied().unwrap_or_default().to_owned();
    let mut headers: Vec<String> = parts.iter().skip(1).map(|part| part.trim().trim_matches('"').to_owned()).collect();
    headers.push(header.to_owned());
    headers.sort();
    format!("{first}{headers:?} {rest}")
}

/// Bytes from a text such as `32mb`, `1 MiB` or `1048576`. Units of both spellings as Vault has
/// them: `kb` is 1000, `kib` is 1024.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 8] = [
        ("kib", 1 << 10),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("tib", 1 << 40),
        ("kb", 1_000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
        ("tb", 1_000_000_000_000),
    ];
    let text = text.trim().to_ascii_lowercase();
    let (digits, unit) = UNITS
        .iter()
        .find_map(|(suffix, unit)| text.strip_suffix(suffix).map(|digits| (digits, *unit)))
        .unwrap_or((&text, 1));
    let digits = digits.trim();
    if digits.starts_with('+') {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes() {
        for (text, bytes) in [("0", 0), ("33554432", 33_554_432), ("32MB", 32_000_000), ("1 KiB", 1024)] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in ["", "mb", "-1", "+1", "1.5mb", "1eb", "99999999tib"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}

use std::cmp::Ordering;

/// Runs of digits compare as numbers, letters after everything else.
pub(super) fn natural_order(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = (0..a.len().min(b.len())).find(|&at| a[at] != b[at]) else {
        return a.len().cmp(&b.len());
    };
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => return a[at].cmp(&b[at]),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let digits = |text: &[char]| text[at..].iter().take_while(|c| c.is_ascii_digit()).count();
    // A zero inside a number is a digit of it, at its start it counts for nothing.
    let inside =
        (a[at] == '0' || b[at] == '0') && a[..at].iter().rev().take_while(|c| c.is_ascii_digit()).any(|&c| c != '0');
    let value = |text: &[char], count: usize| {
        let digits = text[at..at + count].iter().filter_map(|c| c.to_digit(10));
        digits.fold(u64::from(inside), |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit)))
    };
    let (count_a, count_b) = (digits(&a), digits(&b));
    value(&a, count_a).cmp(&value(&b, count_b)).then(count_a.cmp(&count_b)).then(a[at].cmp(&b[at]))
}

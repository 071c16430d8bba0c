//! Prose broken into lines of at most [`WIDTH`] characters, as evenly as can be.

/// The longest line of prose that is printed.
pub(crate) const WIDTH: usize = 78;

/// What a line that is too long costs, next to the square of the room left free on a good one.
const OVERLONG: u64 = 100_000;

pub(crate) fn wrap(text: &str) -> String {
    wrap_indented(text, 0)
}

/// Breaks `text` so that each line fits after `indent` spaces, and puts these before each line.
pub(crate) fn wrap_indented(text: &str, indent: usize) -> String {
    let flat = text.trim().replace('\n', " ");
    let words: Vec<&str> = flat.split(' ').collect();
    let limit = WIDTH.saturating_sub(indent);
    let mut out = String::new();
    let mut start = 0;
    for end in line_ends(&words, limit) {
        if start > 0 {
            out.push('\n');
        }
        out.extend(std::iter::repeat_n(' ', indent));
        out.push_str(&words[start..end].join(" "));
        start = end;
    }
    out
}

/// Where each line ends: the choice whose lines leave the least room, squared and summed; what the
/// last line leaves does not count.
fn line_ends(words: &[&str], limit: usize) -> Vec<usize> {
    let widths: Vec<usize> = words.iter().map(|word| word.chars().count()).collect();
    let count = words.len();
    let mut cost = vec![u64::MAX; count + 1];
    let mut next = vec![count; count + 1];
    cost[count] = 0;
    let mut rest = 0;
    for start in (0..count).rev() {
        rest += widths[start] + usize::from(start + 1 < count);
        if rest <= limit {
            cost[start] = 0;
            continue;
        }
        let mut width = 0;
        for end in start + 1..=count {
            width += widths[end - 1] + usize::from(end > start + 1);
            // Far beyond the limit nothing can be saved by going on.
            if width > limit + WIDTH {
                break;
            }
            let slack = limit.abs_diff(width) as u64;
            let penalty = if width > limit { OVERLONG } else { 0 };
            let total = (slack * slack + penalty).saturating_add(cost[end]);
            if total < cost[start] {
                cost[start] = total;
                next[start] = end;
            }
        }
    }
    let mut ends = Vec::new();
    let mut at = 0;
    while at < count {
        at = next[at].max(at + 1);
        ends.push(at);
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_broken_evenly_rather_than_filled() {
        let text = "Path on the local disk to a single PEM-encoded CA certificate to verify the OpenBao server's SSL \
                    certificate. This takes precedence over -ca-path. This can also be specified via the BAO_CACERT \
                    environment variable.";
        let expected = "      Path on the local disk to a single PEM-encoded CA certificate to\n      \
                        verify the OpenBao server's SSL certificate. This takes precedence over\n      \
                        -ca-path. This can also be specified via the BAO_CACERT environment\n      variable.";
        assert_eq!(wrap_indented(text, 6), expected);
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_line_too_long(words in prop::collection::vec("[a-z]{1,20}", 1..80)) {
            let text = words.join(" ");
            let wrapped = wrap(&text);
            prop_assert_eq!(wrapped.replace('\n', " "), text);
            prop_assert!(wrapped.lines().all(|line| line.len() <= WIDTH));
        }

        #[test]
        fn any_text_is_wrapped_without_a_panic(text: String, indent in 0usize..200) {
            wrap_indented(&text, indent);
        }
    }
}

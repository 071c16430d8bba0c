//! Go's `omitempty`.

/// Writes a member unless it is empty, as Go's `omitempty`.
macro_rules! put {
    ($out:ident, $key:literal, text $value:expr) => {
        let value = $value;
        if !value.is_empty() {
            $out.serialize_entry($key, &value)?;
        }
    };
    ($out:ident, $key:literal, number $value:expr) => {
        let value = $value;
        if value != 0 {
            $out.serialize_entry($key, &value)?;
        }
    };
    ($out:ident, $key:literal, flag $value:expr) => {
        if $value {
            $out.serialize_entry($key, &true)?;
        }
    };
    ($out:ident, $key:literal, maybe $value:expr) => {
        if let Some(value) = $value {
            $out.serialize_entry($key, &value)?;
        }
    };
}

pub(super) use put;

//! The shape of a secret: its keys without their values.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Payload, Response, wipe};
use serde_json::{Map, Value};

use super::read::{Found, answer};
use crate::kv::v2::Versioned;

impl Versioned {
    pub(in crate::kv::v2) fn read_subkeys(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let depth = Depth::of(matched.fields.int("depth")?.unwrap_or(0));
        let Found { data, facts } = self.read_data_of(cx, matched, "subkeys")?;
        let shape = data.map(|mut data| {
            remove_values(data.map_mut(), depth, 1);
            Payload::into_map(data)
        });
        Ok(answer("subkeys", shape, facts))
    }
}

/// Levels that are shown.
#[derive(Clone, Copy)]
enum Depth {
    All,
    /// A negative number shows as little as 1 does.
    UpTo(i64),
}

impl Depth {
    fn of(sent: i64) -> Self {
        if sent == 0 { Self::All } else { Self::UpTo(sent) }
    }

    fn shows(self, level: i64) -> bool {
        match self {
            Self::All => true,
            Self::UpTo(most) => level <= most,
        }
    }
}

/// Replaces every value with `null`, but for objects that have keys and lie within the depth. The values are wiped.
fn remove_values(map: &mut Map<String, Value>, depth: Depth, level: i64) {
    for value in map.values_mut() {
        match value {
            Value::Object(inner) if depth.shows(level + 1) && !inner.is_empty() => {
                remove_values(inner, depth, level + 1)
            }
            _ => {
                wipe(value);
                *value = Value::Null;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shape(depth: i64) -> Value {
        let mut value = json!({"a": 1, "d": {"x": {"y": 1}, "l": [{"q": 1}]}, "e": {}});
        remove_values(value.as_object_mut().unwrap(), Depth::of(depth), 1);
        value
    }

    #[test]
    fn values_go_and_keys_stay_down_to_the_depth() {
        assert_eq!(shape(0), json!({"a": null, "d": {"x": {"y": null}, "l": null}, "e": null}));
        assert_eq!(shape(1), json!({"a": null, "d": null, "e": null}));
        assert_eq!(shape(2), json!({"a": null, "d": {"x": null, "l": null}, "e": null}));
        assert_eq!(shape(-1), shape(1));
    }
}

use zeroize::Zeroizing;

use crate::output::Timestamp;
use crate::value::{Json, JsonError, Map};

/// A token. Wiped when dropped, and without a printed form.
pub(crate) type SecretToken = Zeroizing<String>;

/// The envelope that nearly every answer comes in.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Secret {
    pub(crate) request_id: String,
    pub(crate) lease_id: String,
    /// Seconds.
    pub(crate) lease_duration: i64,
    pub(crate) renewable: bool,
    pub(crate) data: Option<Map>,
    pub(crate) warnings: Option<Vec<String>>,
    pub(crate) auth: Option<Auth>,
    pub(crate) wrap: Option<Wrap>,
}

/// A token and what belongs to it.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Auth {
    pub(crate) token: SecretToken,
    pub(crate) accessor: String,
    pub(crate) policies: Option<Vec<String>>,
    pub(crate) token_policies: Option<Vec<String>>,
    pub(crate) identity_policies: Option<Vec<String>>,
    pub(crate) metadata: Option<Map>,
    pub(crate) orphan: bool,
    pub(crate) entity_id: String,
    /// Seconds; 0 is for ever.
    pub(crate) lease_duration: i64,
    pub(crate) renewable: bool,
    pub(crate) mfa_requirement: Option<Json>,
}

/// A wrapping token that stands for the answer.
#[derive(Clone, PartialEq)]
pub(crate) struct Wrap {
    pub(crate) token: SecretToken,
    pub(crate) accessor: String,
    /// Seconds.
    pub(crate) ttl: i64,
    pub(crate) creation_time: Timestamp,
    pub(crate) creation_path: String,
    pub(crate) wrapped_accessor: String,
}

/// The answer is no envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EnvelopeError {
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error("the answer is {0}, where an object was expected")]
    NotAnObject(String),
    #[error("the answer's {0:?} is {1}, which does not belong there")]
    WrongType(&'static str, String),
    #[error("{0}")]
    Errors(String),
}

impl Secret {
    pub(crate) fn of_data(data: Map) -> Self {
        Self { data: Some(data), ..Self::default() }
    }

    /// Reads an envelope; an object with none of its fields is taken as data. No answer, or nothing but errors, is none.
    ///
    /// # Errors
    /// The text is not JSON, no object, or a field of the envelope has another type.
    pub(crate) fn parse(body: &[u8]) -> Result<Option<Self>, EnvelopeError> {
        if body.is_empty() {
            return Ok(None);
        }
        let json = crate::value::parse(body)?;
        let Json::Map(map) = json else {
            return Err(EnvelopeError::NotAnObject(format!("{json:?}")));
        };
        let mut secret = Self::of_envelope(&map)?;
        if secret == Self::default() {
            if let Some(errors) = map.entry("errors") {
                if map.len() == 1 {
                    return Ok(None);
                }
                let _ = errors;
                return Err(EnvelopeError::Errors(map.texts("errors").join(" ")));
            }
            if !map.is_empty() {
                secret.data = Some(map);
            }
        }
        Ok(Some(secret))
    }

    fn of_envelope(map: &Map) -> Result<Self, EnvelopeError> {
        let fields = Fields(map);
        let auth = fields.map("auth")?.map(Auth::of_map).transpose()?;
        let wrap = fields.map("wrap_info")?.map(Wrap::of_map).transpose()?;
        Ok(Self {
            request_id: fields.text("request_id")?,
            lease_id: fields.text("lease_id")?,
            lease_duration: fields.integer("lease_duration")?,
            renewable: fields.bool("renewable")?,
            data: fields.map("data")?.cloned(),
            warnings: fields.texts("warnings")?,
            auth,
            wrap,
        })
    }

    /// The list of keys, if the answer is one to a list request.
    pub(crate) fn keys(&self) -> Option<&[Json]> {
        self.data.as_ref()?.get("keys")?.as_list()
    }

    pub(crate) fn is_wrapped(&self) -> bool {
        self.wrap.as_ref().is_some_and(|wrap| wrap.ttl != 0)
    }

    /// Whether a 404 that carries this says more than "not found".
    pub(crate) fn says_something(&self) -> bool {
        self.warnings.as_ref().is_some_and(|warnings| !warnings.is_empty())
            || self.data.as_ref().is_some_and(|data| !data.is_empty())
    }

    pub(crate) fn to_json(&self) -> Json {
        let mut map = Map::of([
            ("request_id", Json::text(&*self.request_id)),
            ("lease_id", Json::text(&*self.lease_id)),
            ("lease_duration", Json::number(self.lease_duration)),
            ("renewable", self.renewable.into()),
            ("data", self.data.clone().map_or(Json::Null, Json::Map)),
            ("warnings", list_or_null(self.warnings.as_deref())),
        ]);
        if let Some(auth) = &self.auth {
            map.set("auth", auth.to_json());
        }
        if let Some(wrap) = &self.wrap {
            map.set("wrap_info", wrap.to_json());
        }
        map.into()
    }
}

impl Auth {
    fn of_map(map: &Map) -> Result<Self, EnvelopeError> {
        let fields = Fields(map);
        Ok(Self {
            token: Zeroizing::new(fields.text("client_token")?),
            accessor: fields.text("accessor")?,
            policies: fields.texts("policies")?,
            token_policies: fields.texts("token_policies")?,
            identity_policies: fields.texts("identity_policies")?,
            metadata: fields.map("metadata")?.cloned(),
            orphan: fields.bool("orphan")?,
            entity_id: fields.text("entity_id")?,
            lease_duration: fields.integer("lease_duration")?,
            renewable: fields.bool("renewable")?,
            mfa_requirement: map.get("mfa_requirement").cloned(),
        })
    }

    fn to_json(&self) -> Json {
        Map::of([
            ("client_token", Json::Text(self.token.clone())),
            ("accessor", Json::text(&*self.accessor)),
            ("policies", list_or_null(self.policies.as_deref())),
            ("token_policies", list_or_null(self.token_policies.as_deref())),
            ("identity_policies", list_or_null(self.identity_policies.as_deref())),
            ("metadata", self.metadata.clone().map_or(Json::Null, Json::Map)),
            ("orphan", self.orphan.into()),
            ("entity_id", Json::text(&*self.entity_id)),
            ("lease_duration", Json::number(self.lease_duration)),
            ("renewable", self.renewable.into()),
            ("mfa_requirement", self.mfa_requirement.clone().unwrap_or(Json::Null)),
        ])
        .into()
    }
}

impl Wrap {
    fn of_map(map: &Map) -> Result<Self, EnvelopeError> {
        let fields = Fields(map);
        let creation_time = fields.text("creation_time")?;
        Ok(Self {
            token: Zeroizing::new(fields.text("token")?),
            accessor: fields.text("accessor")?,
            ttl: fields.integer("ttl")?,
            creation_time: Timestamp::parse(&creation_time).unwrap_or_else(Timestamp::zero),
            creation_path: fields.text("creation_path")?,
            wrapped_accessor: fields.text("wrapped_accessor")?,
        })
    }

    fn to_json(&self) -> Json {
        Map::of([
            ("token", Json::Text(self.token.clone())),
            ("accessor", Json::text(&*self.accessor)),
            ("ttl", Json::number(self.ttl)),
            ("creation_time", Json::text(self.creation_time.rfc3339())),
            ("creation_path", Json::text(&*self.creation_path)),
            ("wrapped_accessor", Json::text(&*self.wrapped_accessor)),
        ])
        .into()
    }
}

fn list_or_null(items: Option<&[String]>) -> Json {
    items.map_or(Json::Null, |items| Json::texts(items.iter()))
}

/// Typed reading: a missing or null field is the type's zero, one of another type an error.
struct Fields<'a>(&'a Map);

impl<'a> Fields<'a> {
    fn read<T>(&self, key: &'static str, read: impl FnOnce(&'a Json) -> Option<T>) -> Result<Option<T>, EnvelopeError> {
        let Some(value) = self.0.get(key) else {
            return Ok(None);
        };
        read(value).map(Some).ok_or_else(|| EnvelopeError::WrongType(key, format!("{value:?}")))
    }

    fn text(&self, key: &'static str) -> Result<String, EnvelopeError> {
        Ok(self.read(key, |value| value.as_text().map(str::to_owned))?.unwrap_or_default())
    }

    fn integer(&self, key: &'static str) -> Result<i64, EnvelopeError> {
        Ok(self.read(key, Json::as_integer)?.unwrap_or_default())
    }

    fn bool(&self, key: &'static str) -> Result<bool, EnvelopeError> {
        Ok(self.read(key, Json::as_bool)?.unwrap_or_default())
    }

    fn map(&self, key: &'static str) -> Result<Option<&'a Map>, EnvelopeError> {
        self.read(key, Json::as_map)
    }

    fn texts(&self, key: &'static str) -> Result<Option<Vec<String>>, EnvelopeError> {
        self.read(key, |value| {
            let texts = value.as_list()?.iter().map(|item| item.as_text().map(str::to_owned));
            texts.collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_that_is_no_envelope_is_data() {
        let secret = Secret::parse(br#"{"sealed":false,"t":3}"#).unwrap().unwrap();
        assert_eq!(secret.data.unwrap().integer("t"), 3);
    }

    #[test]
    fn errors_alone_are_no_answer() {
        assert!(Secret::parse(br#"{"errors":[]}"#).unwrap().is_none());
        assert!(Secret::parse(b"").unwrap().is_none());
    }

    #[test]
    fn a_field_of_another_type_is_named_and_not_shown() {
        let error = Secret::parse(br#"{"lease_id":["s3cret"]}"#).err().unwrap();
        assert_eq!(error.to_string(), "the answer's \"lease_id\" is a list, which does not belong there");
    }

    #[test]
    fn an_answer_is_written_with_its_fields_in_the_usual_order() {
        let secret = Secret::parse(br#"{"data":{"b":1,"a":2},"request_id":"r"}"#).unwrap().unwrap();
        assert_eq!(
            secret.to_json().compact(),
            r#"{"request_id":"r","lease_id":"","lease_duration":0,"renewable":false,"data":{"a":2,"b":1},"warnings":null}"#
        );
    }
}

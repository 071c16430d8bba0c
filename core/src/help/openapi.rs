//! The OpenAPI document, version 3.0.2, in the form that Vault's clients are generated from.

use serde_json::{Map, Value, json};

use crate::Operation;
use crate::framework::{Field, Kind, PathHelp, Pattern};
use crate::mount::{MountKind, Mounted, Protection};

/// How paths name the mount they lie on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountNames {
    /// By the path it has.
    Actual,
    /// By a parameter, so that the document fits every server.
    Parameters,
}

/// A document in the making.
pub struct Schema {
    version: String,
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
}

impl Schema {
    /// No path yet.
    pub fn new(version: &str) -> Self {
        Self { version: version.to_owned(), paths: Map::new(), schemas: Map::new() }
    }

    /// Adds all paths of a mount.
    pub fn add_mount(&mut self, mounted: &Mounted, names: MountNames) {
        let mount = &mounted.mount;
        let actual = mount.api_path();
        let fixed = matches!(mount.type_name.as_str(), "system" | "identity" | "cubbyhole" | "token");
        if names == MountNames::Actual || fixed {
            self.add_paths(&actual, &mounted.backend.paths(), mounted, None);
            return;
        }
        let own = mount.path.trim_end_matches('/');
        let parameter = format!("{}_mount_path", own.replace(['/', '-'], "_"));
        let folder = if mount.kind == MountKind::Auth { "auth/" } else { "" };
        let prefix = format!("{folder}{{{parameter}}}/");
        self.add_paths(&prefix, &mounted.backend.paths(), mounted, Some((&parameter, own)));
    }

    /// Adds paths behind a prefix; `mount`: name and default of the parameter in the prefix.
    pub(super) fn add_paths(
        &mut self,
        prefix: &str,
        paths: &[PathHelp],
        mounted: &Mounted,
        mount: Option<(&str, &str)>,
    ) {
        for path in paths {
            let template = format!("{}{}", Pattern::new(path.pattern).template(), path.suffix);
            let item = self.item(path, &template, mounted, mount);
            // Of several patterns that look alike the first serves.
            self.paths.entry(format!("/{prefix}{template}")).or_insert(item);
        }
    }

    /// The whole document.
    pub fn into_document(self) -> Value {
        json!({
            "openapi": "3.0.2",
            "info": {
                "title": "coffer API",
                "description": "The HTTP API of coffer. All paths are below `/v1/`.",
                "version": self.version,
                "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
            },
            "paths": self.paths,
            "components": { "schemas": self.schemas },
        })
    }

    fn item(&mut self, path: &PathHelp, template: &str, mounted: &Mounted, mount: Option<(&str, &str)>) -> Value {
        let mut item = Map::new();
        if !path.synopsis.is_empty() {
            item.insert("description".into(), json!(path.synopsis));
        }
        let captured = |field: &&Field| template.contains(&format!("{{{}}}", field.name));
        let mut parameters: Vec<Value> =
            path.fields.iter().filter(captured).map(|field| parameter(field, "path", true)).collect();
        if let Some((name, default)) = mount {
            parameters.push(json!({
                "name": name,
                "description": "Where the engine is mounted.",
                "in": "path",
                "schema": { "type": "string", "default": default },
                "required": true,
            }));
        }
        if !parameters.is_empty() {
            item.insert("parameters".into(), json!(parameters));
        }
        if path.operations.contains(&Operation::Create) {
            item.insert("x-vault-createSupported".into(), json!(true));
        }
        let sample = template.replace(['{', '}'], "");
        if mounted.protection(&sample) == Protection::Root {
            item.insert("x-vault-sudo".into(), json!(true));
        }
        if mounted.is_unauthenticated(&sample) {
            item.insert("x-vault-unauthenticated".into(), json!(true));
        }
        let free: Vec<&Field> = path.fields.iter().filter(|field| field.name != "*" && !captured(field)).collect();
        for (method, value) in self.methods(path, template, mounted, &free) {
            item.insert(method.to_owned(), value);
        }
        Value::Object(item)
    }

    fn methods(
        &mut self,
        path: &PathHelp,
        template: &str,
        mounted: &Mounted,
        fields: &[&Field],
    ) -> Vec<(&'static str, Value)> {
        let has = |operation: Operation| path.operations.contains(&operation);
        let mut methods = Vec::new();
        let tag = match (mounted.mount.type_name.as_str(), mounted.mount.kind) {
            ("system", _) => "system",
            ("identity", _) => "identity",
            (_, MountKind::Auth) => "auth",
            (_, MountKind::Secrets) => "secrets",
        };
        let of = |verb: &str, status: &str| {
            json!({
                "operationId": operation_id(&mounted.mount.type_name, verb, template),
                "tags": [tag],
                "responses": { status: { "description": if status == "204" { "empty body" } else { "OK" } } },
            })
        };
        if has(Operation::Read) || has(Operation::List) {
            let verb = if has(Operation::Read) { "read" } else { "list" };
            let mut get = of(verb, "200");
            let mut queries: Vec<Value> = if has(Operation::Update) || has(Operation::Create) {
                Vec::new()
            } else {
                fields.iter().map(|field| parameter(field, "query", false)).collect()
            };
            match (has(Operation::Read), has(Operation::List)) {
                (false, _) => queries.push(json!({
                    "name": "list", "description": "Must be set to `true`", "in": "query",
                    "schema": { "type": "string", "enum": ["true"] }, "required": true,
                })),
                (true, true) => queries.push(json!({
                    "name": "list", "description": "Return a list if `true`", "in": "query",
                    "schema": { "type": "string" },
                })),
                (true, false) => {}
            }
            if !queries.is_empty() {
                get["parameters"] = json!(queries);
            }
            methods.push(("get", get));
        }
        for (operations, method, verb) in [
            (&[Operation::Update, Operation::Create][..], "post", "write"),
            (&[Operation::Patch][..], "patch", "patch"),
        ] {
            if !operations.iter().any(|operation| has(*operation)) {
                continue;
            }
            let mut value = of(verb, "200");
            if !fields.is_empty() {
                let name = format!("{}Request", camel(&operation_id(&mounted.mount.type_name, verb, template)));
                value["requestBody"] = json!({
                    "required": true,
                    "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } },
                });
                self.schemas.entry(name).or_insert_with(|| body(fields));
            }
            methods.push((method, value));
        }
        if has(Operation::Delete) {
            methods.push(("delete", of("delete", "204")));
        }
        methods
    }
}

fn parameter(field: &Field, place: &str, required: bool) -> Value {
    let mut parameter = json!({
        "name": field.name,
        "description": field.about,
        "in": place,
        "schema": type_of(field.kind),
    });
    if required {
        parameter["required"] = json!(true);
    }
    parameter
}

fn body(fields: &[&Field]) -> Value {
    let properties: Map<_, _> = fields
        .iter()
        .map(|field| {
            let mut property = type_of(field.kind);
            property["description"] = json!(field.about);
            (field.name.to_owned(), property)
        })
        .collect();
    json!({ "type": "object", "properties": properties })
}

fn type_of(kind: Kind) -> Value {
    match kind {
        Kind::Text | Kind::LowerText => json!({ "type": "string" }),
        Kind::Int => json!({ "type": "integer" }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Duration | Kind::SignedDuration => json!({ "type": "integer", "format": "seconds" }),
        Kind::Time => json!({ "type": "string", "format": "date-time" }),
        Kind::Map => json!({ "type": "object", "format": "map" }),
        Kind::Pairs => json!({ "type": "object", "format": "kvpairs" }),
        Kind::CommaList | Kind::List => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::IntList => json!({ "type": "array", "items": { "type": "integer" } }),
        Kind::Any => json!({}),
    }
}

/// `kv-read-data-path`.
fn operation_id(type_name: &str, verb: &str, template: &str) -> String {
    let words = template.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let front = if type_name == "system" { Vec::new() } else { vec![type_name] };
    front.into_iter().chain([verb]).chain(words).collect::<Vec<_>>().join("-")
}

/// `KvReadDataPath`.
fn camel(id: &str) -> String {
    id.split('-')
        .map(|word| {
            let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            format!("{}{rest}", first.to_ascii_uppercase())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mount::Mount;
    use crate::{Backend, Call, Context, Failure, Response, SpecialPaths};
    use coffer_telemetry::Telemetry;
    use std::sync::Arc;

    const FIELDS: &[Field] = &[Field::new("path", Kind::Text, "Where."), Field::new("data", Kind::Map, "What.")];

    struct Shelf;

    impl Backend for Shelf {
        fn handle(&self, _: &mut Context<'_>, _: &Call<'_>) -> Result<Response, Failure> {
            Err(Failure::UnsupportedPath)
        }

        fn special(&self) -> SpecialPaths {
            SpecialPaths { unauthenticated: &["open"], root: &["data/*"] }
        }

        fn paths(&self) -> Vec<PathHelp> {
            let path = |pattern, operations| PathHelp {
                pattern,
                suffix: "",
                fields: FIELDS,
                operations,
                synopsis: "A thing.",
                description: "",
            };
            vec![
                path("data/{path...}", vec![Operation::Read, Operation::Create, Operation::Update, Operation::Delete]),
                path("open/?", vec![Operation::List]),
            ]
        }
    }

    fn document(names: MountNames) -> Value {
        let mount = Mount::new(MountKind::Secrets, "my-shelf/", "shelf");
        let mounted = Mounted::new(mount, Arc::new(Shelf), &Telemetry::new());
        super::super::document([&mounted].into_iter(), names, "1.2.3")
    }

    #[test]
    fn a_route_becomes_a_path() {
        let document = document(MountNames::Actual);
        let path = &document["paths"]["/my-shelf/data/{path}"];
        assert_eq!(path["parameters"][0]["name"], "path");
        assert_eq!((&path["x-vault-sudo"], &path["x-vault-createSupported"]), (&json!(true), &json!(true)));
        assert_eq!(path["get"]["operationId"], "shelf-read-data-path");
        let reference = &path["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(reference, "#/components/schemas/ShelfWriteDataPathRequest");
        let schema = &document["components"]["schemas"]["ShelfWriteDataPathRequest"]["properties"];
        assert_eq!(schema, &json!({"data": {"type": "object", "format": "map", "description": "What."}}));
        assert_eq!(path["delete"]["responses"]["204"]["description"], "empty body");
        let open = &document["paths"]["/my-shelf/open"];
        assert_eq!(open["x-vault-unauthenticated"], true);
        assert_eq!(open["get"]["parameters"].as_array().unwrap().last().unwrap()["required"], true);
    }

    #[test]
    fn a_mount_can_be_a_parameter() {
        let document = document(MountNames::Parameters);
        let parameters = &document["paths"]["/{my_shelf_mount_path}/data/{path}"]["parameters"];
        assert_eq!(parameters[1]["schema"]["default"], "my-shelf");
    }
}

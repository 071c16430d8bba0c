//! `sys/plugins`: the engines and methods of this build. There are no others: coffer runs no foreign code.

use coffer_core::Operation::{Delete, List, Read, Update};
use coffer_core::active::Active;
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::mount::MountKind;
use coffer_core::{Context, Failure, Response};
use serde_json::{Map, Value, json};

use super::SystemBackend;
use super::mounts::running_version;

/// Bytes of a SHA-256 sum in hex.
const SUM_LEN: usize = 64;

/// What is always mounted, and second names of one engine: no plugin of the catalogue in Vault.
const NOT_LISTED: &[&str] = &["cubbyhole", "generic", "identity", "kv-v1", "kv-v2", "system", "token"];

const FIELDS: &[Field] = &[
    Field::new("name", Kind::Text, "Name of the plugin."),
    Field::new("type", Kind::Text, "auth, database or secret."),
    Field::new("version", Kind::Text, "Version of the plugin."),
    Field::new("sha256", Kind::Text, "Sum of a plugin's file."),
    Field::new("sha_256", Kind::Text, "Old name of sha256."),
    Field::new("command", Kind::Text, "How a plugin is started."),
    Field::new("args", Kind::List, "Its arguments."),
    Field::new("env", Kind::List, "Its environment."),
];

const RELOAD_FIELDS: &[Field] = &[
    Field::new("plugin", Kind::Text, "The plugin whose mounts are reloaded."),
    Field::new("mounts", Kind::CommaList, "The mounts that are reloaded."),
    Field::new("scope", Kind::Text, "global, or this node alone."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("plugins/catalog/?", &[], "The engines and methods of this build.").on(Read, catalog),
        Route::new("plugins/catalog/{type}/?", FIELDS, "The engines or methods of a type.")
            .on(List, list)
            .on(Read, read_untyped)
            .on(Update, register)
            .on(Delete, deregister),
        Route::new("plugins/catalog/{type}/{name...}", FIELDS, "An engine or method.")
            .on(Read, read)
            .on(Update, register)
            .on(Delete, deregister),
        Route::new("plugins/reload/backend", RELOAD_FIELDS, "Reload the plugins of mounts.").on(Update, reload),
    ]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PluginType {
    Auth,
    Database,
    Secret,
}

impl PluginType {
    const ALL: [Self; 3] = [Self::Auth, Self::Database, Self::Secret];

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plugin_type| plugin_type.name() == text)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Database => "database",
            Self::Secret => "secret",
        }
    }

    fn plugins(self, active: &Active) -> Vec<String> {
        let kind = match self {
            Self::Auth => MountKind::Auth,
            Self::Secret => MountKind::Secrets,
            Self::Database => return Vec::new(),
        };
        let types = active.mounts.registry().types(kind);
        types.filter(|name| !NOT_LISTED.contains(name)).map(str::to_owned).collect()
    }
}

fn catalog(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    let version = running_version(&active.settings.version);
    let mut body = Map::new();
    let mut detailed = Vec::new();
    for plugin_type in PluginType::ALL {
        let names = plugin_type.plugins(active);
        detailed.extend(names.iter().map(|name| {
            json!({
                "builtin": true,
                "deprecation_status": "supported",
                "name": name,
                "type": plugin_type.name(),
                "version": version,
            })
        }));
        body.insert(plugin_type.name().to_owned(), json!(names));
    }
    body.insert("detailed".to_owned(), json!(detailed));
    Ok(Response::data(Value::Object(body)))
}

fn list(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let plugin_type = PluginType::parse(matched.fields.capture("type")).ok_or(Failure::UnsupportedOperation)?;
    let (_, active) = cx.system(backend.access());
    Response::keys(plugin_type.plugins(active))
}

/// Before plugins had types, their names stood alone.
fn read_untyped(_: &SystemBackend, _: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    match matched.fields.capture("type") {
        name if PluginType::parse(name).is_some() => Err(Failure::UnsupportedOperation),
        name => Ok(deprecated(name)),
    }
}

fn read(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (type_name, name) = (matched.fields.capture("type"), matched.fields.capture("name"));
    let Some(plugin_type) = PluginType::parse(type_name) else {
        return Ok(deprecated(&format!("{type_name}/{name}")));
    };
    let (_, active) = cx.system(backend.access());
    if !plugin_type.plugins(active).iter().any(|known| known == name) {
        return Err(Failure::NotFound);
    }
    Ok(Response::data(json!({
        "args": null,
        "builtin": true,
        "command": "",
        "deprecation_status": "supported",
        "name": name,
        "sha256": "",
        "version": running_version(&active.settings.version),
    })))
}

fn deprecated(name: &str) -> Response {
    Response::empty().warn(format!("Deprecated API endpoint, cannot read plugin information from catalog for {name:?}"))
}

fn register(_: &SystemBackend, _: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let sum = match fields.text_or_empty("sha256")? {
        sum if sum.is_empty() => fields.text_or_empty("sha_256")?,
        sum => sum,
    };
    if sum.is_empty() {
        return Err(Failure::invalid("missing SHA-256 value"));
    }
    if fields.text_or_empty("command")?.is_empty() {
        return Err(Failure::invalid("must provide at least one of command or oci_image"));
    }
    match hex::decode(sum.as_bytes()) {
        Err(_) => return Err(Failure::invalid("Could not decode SHA-256 value from Hex")),
        Ok(_) if sum.len() != SUM_LEN => return Err(Failure::invalid("Decoded SHA-256 value is not 32 bytes")),
        Ok(_) => {}
    }
    Err(Failure::invalid(
        "coffer runs no external plugins: its engines and methods are those that sys/plugins/catalog lists",
    ))
}

/// What was never registered is gone.
fn deregister(_: &SystemBackend, _: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    Ok(Response::empty())
}

/// What is built in has nothing to reload; the request is checked and answered.
fn reload(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let plugin = matched.fields.text_or_empty("plugin")?;
    let mounts = matched.fields.list("mounts")?.unwrap_or_default();
    let scope = matched.fields.text_or_empty("scope")?;
    if plugin.is_empty() && mounts.is_empty() {
        return Err(Failure::invalid("plugin or mounts must be provided"));
    }
    if !plugin.is_empty() && !mounts.is_empty() {
        return Err(Failure::invalid("plugin and mounts cannot be set at the same time"));
    }
    if !matches!(scope.as_ref(), "" | "global") {
        return Err(Failure::invalid("reload scope must be omitted or 'global'"));
    }
    let (_, active) = cx.system(backend.access());
    if !plugin.is_empty() && !PluginType::ALL.iter().any(|of| of.plugins(active).iter().any(|name| *name == *plugin)) {
        return Err(Failure::Invalid(format!("plugin not found in the catalog: {plugin:?}")));
    }
    let routing = active.mounts.routing();
    let unknown = mounts.iter().find(|path| routing.at(&format!("{}/", path.trim_matches('/'))).is_none());
    if let Some(path) = unknown {
        return Err(Failure::Invalid(format!("1 error occurred:\n\t* cannot fetch mount entry on {path:?}\n\n")));
    }
    Ok(Response::data(json!({ "reload_id": matched.call.request.id })))
}

use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::{FIELD, Output};
use crate::flags::{Group, Integer, Matches, Pairs, Switch, Text, TextList, Time};
use crate::output::{print_secret, secret_field};
use crate::session::Session;
use crate::value::{Json, Map};

static DISPLAY_NAME: Text = Text::new("display-name", "Name that the token goes by in logs. It is not secret.");
static ENTITY_ALIAS: Text =
    Text::new("entity-alias", "Name of the entity alias to make the token for. Only with -role, which must allow it.");
static EXPLICIT_MAX_TTL: Time = Time::new(
    "explicit-max-ttl",
    "Longest life of the token, which no renewal goes beyond, such as \"30s\" or \"5m\".",
);
static ID: Text = Text::new("id", "Value of the token, instead of one that is made up. It takes sudo permission.");
static METADATA: Pairs =
    Pairs::new("metadata", "Any key=value to keep with the token. Audit logs show it. Can be given several times.");
static NO_DEFAULT_POLICY: Switch =
    Switch::new("no-default-policy", "Leave the policy \"default\" off the token.").or("false");
static ORPHAN: Switch = Switch::new(
    "orphan",
    "Make a token without a parent: it is not revoked with the one that made it. It takes root or sudo permission.",
)
.or("false");
static PERIOD: Time = Time::new(
    "period",
    "Let every renewal last this long, and without end, such as \"30s\" or \"5m\". It takes sudo permission.",
);
static POLICY: TextList = TextList::new("policy", "Name of a policy for the token. Can be given several times.");
static RENEWABLE: Switch = Switch::new("renewable", "Let the token be renewed, up to its longest TTL.").or("true");
static ROLE: Text = Text::new("role", "Name of the role to make the token by. It can go before other flags.");
static TTL: Time = Time::new("ttl", "First TTL of the token, such as \"30s\" or \"5m\". Renewals can go beyond it.");
static TYPE: Text =
    Text::new("type", "Type of the token: \"service\" or \"batch\".").or("service").words(&["service", "batch"]);
static USE_LIMIT: Integer =
    Integer::new("use-limit", "How many times the token can be used. 0, or not given, is any number.");

pub(super) static COMMAND: Command = Command {
    name: "create",
    synopsis: "Create a new token",
    usage: "[options]",
    about: "Makes a token, as a child of the one in use. It has that one's policies unless others are named.",
    examples: &[
        ("", "{} token create"),
        ("With other policies", "{} token create -policy=my-policy -policy=other-policy"),
    ],
    action: Action::Run(Run::new(Arguments::NONE, Output::FieldAndFormat, run).flags(&[Group {
        title: "Command Options",
        flags: &[
            &DISPLAY_NAME,
            &ENTITY_ALIAS,
            &EXPLICIT_MAX_TTL,
            &ID,
            &METADATA,
            &NO_DEFAULT_POLICY,
            &ORPHAN,
            &PERIOD,
            &POLICY,
            &RENEWABLE,
            &ROLE,
            &TTL,
            &TYPE,
            &USE_LIMIT,
        ],
    }])),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = match flags.get(&ROLE).as_str() {
        "" => "auth/token/create".to_owned(),
        role => format!("auth/token/create/{role}"),
    };
    let reply = client.send(&Request::post(path).json(body(flags))).and_then(|answer| answer.secret());
    let secret = reply.map_err(|error| Failure::server(format!("Error creating token: {error}")))?;
    let Some(secret) = secret else {
        return Ok(Exit::OK);
    };
    match flags.get(&FIELD).as_str() {
        "" => print_secret(&mut session.ui, &secret),
        field => secret_field(&mut session.ui, &secret, field),
    }
}

fn body(flags: &Matches) -> Map {
    let kind = flags.get(&TYPE);
    // A batch token cannot be renewed.
    let renewable = flags.get(&RENEWABLE) && kind != "batch";
    let mut body = Map::new();
    let mut set_given = |key: &str, text: String| {
        if !text.is_empty() {
            body.set(key, Json::text(text));
        }
    };
    set_given("id", flags.get(&ID));
    let policies = flags.get(&POLICY);
    if !policies.is_empty() {
        body.set("policies", Json::texts(policies));
    }
    let metadata: Map = flags.get(&METADATA).into_iter().map(|(key, value)| (key, Json::text(value))).collect();
    if !metadata.is_empty() {
        body.set("meta", metadata.sorted().into());
    }
    body.set("ttl", Json::text(flags.get(&TTL).to_string()));
    body.set("explicit_max_ttl", Json::text(flags.get(&EXPLICIT_MAX_TTL).to_string()));
    body.set("period", Json::text(flags.get(&PERIOD).to_string()));
    for (key, on) in [("no_parent", flags.get(&ORPHAN)), ("no_default_policy", flags.get(&NO_DEFAULT_POLICY))] {
        if on {
            body.set(key, true.into());
        }
    }
    body.set("display_name", Json::text(flags.get(&DISPLAY_NAME)));
    body.set("num_uses", Json::number(flags.get(&USE_LIMIT)));
    body.set("renewable", renewable.into());
    body.set("type", Json::text(kind));
    body.set("entity_alias", Json::text(flags.get(&ENTITY_ALIAS)));
    body
}

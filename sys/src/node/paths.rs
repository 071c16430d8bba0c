//! The node's own paths as help and the OpenAPI document tell of them.

use coffer_core::Operation::{self, Delete, Read, Update};
use coffer_core::framework::{Field, Kind, PathHelp};

const HEALTH: &[Field] = &[
    Field::new("activecode", Kind::Int, "Status of an active node, 200 by default."),
    Field::new("standbycode", Kind::Int, "Status of a standby node, 429 by default."),
    Field::new("sealedcode", Kind::Int, "Status of a sealed node, 503 by default."),
    Field::new("uninitcode", Kind::Int, "Status of a node that was never initialised, 501 by default."),
    Field::new("removedcode", Kind::Int, "Status of a node that was removed from its cluster, 530 by default."),
    Field::new("standbyok", Kind::Bool, "A standby node answers as an active one."),
    Field::new("perfstandbyok", Kind::Bool, "The same."),
];

const INIT: &[Field] = &[
    Field::new("secret_shares", Kind::Int, "Number of shares."),
    Field::new("secret_threshold", Kind::Int, "Number of shares that open the seal."),
    Field::new("stored_shares", Kind::Int, "Not for this seal."),
    Field::new("pgp_keys", Kind::CommaList, "Not built."),
    Field::new("root_token_pgp_key", Kind::Text, "Not built."),
    Field::new("recovery_shares", Kind::Int, "Not for this seal."),
    Field::new("recovery_threshold", Kind::Int, "Not for this seal."),
    Field::new("recovery_pgp_keys", Kind::CommaList, "Not for this seal."),
];

const UNSEAL: &[Field] = &[
    Field::new("key", Kind::Text, "A share."),
    Field::new("reset", Kind::Bool, "Forget the shares given so far."),
    Field::new("migrate", Kind::Bool, "Not built."),
    Field::new("followers", Kind::Bool, "With the last share: false leaves the other nodes sealed."),
];

const REKEY: &[Field] = &[
    Field::new("secret_shares", Kind::Int, "Number of new shares."),
    Field::new("secret_threshold", Kind::Int, "Number of new shares that open the seal."),
    Field::new("require_verification", Kind::Bool, "The new shares are used once they were given back."),
    Field::new("backup", Kind::Bool, "Only with PGP keys."),
    Field::new("pgp_keys", Kind::CommaList, "Not built."),
];

const ATTEMPT: &[Field] = &[
    Field::new("otp", Kind::Text, "A one-time password of one's own."),
    Field::new("pgp_key", Kind::Text, "Not built."),
];

const SHARE: &[Field] =
    &[Field::new("key", Kind::Text, "A share."), Field::new("nonce", Kind::Text, "The attempt that it is for.")];

const JOIN: &[Field] = &[
    Field::new("leader_api_addr", Kind::Text, "The API of a node of the cluster."),
    Field::new("leader_ca_cert", Kind::Text, "The CA of its certificate, PEM; the system's where it is not given."),
    Field::new("leader_client_cert", Kind::Text, "A certificate to show it, PEM."),
    Field::new("leader_client_key", Kind::Text, "The key of that certificate, PEM."),
    Field::new("leader_tls_servername", Kind::Text, "The name that its certificate bears."),
    Field::new("retry", Kind::Bool, "Go on trying."),
    Field::new("non_voter", Kind::Bool, "Join without a vote."),
];

const CHALLENGE: &[Field] = &[
    Field::new("server_id", Kind::Text, "The joining node's name."),
    Field::new("raft_id", Kind::Int, "Its number in Raft."),
    Field::new("cluster_addr", Kind::Text, "Where the other nodes reach it."),
    Field::new("api_addr", Kind::Text, "Where clients reach it."),
    Field::new("public_key", Kind::Text, "Its identity, base64."),
    Field::new("non_voter", Kind::Bool, "It joins without a vote."),
    Field::new("nonce", Kind::Text, "32 random bytes, base64."),
];

const METRICS: &[Field] = &[Field::new("format", Kind::Text, "prometheus, or JSON where it is not given.")];

/// What [`super::answer`] serves.
pub(crate) fn paths() -> Vec<PathHelp> {
    vec![
        path("generate-root", ATTEMPT, &[Read, Update, Delete], "A root token by those who hold shares."),
        path("generate-root/attempt", ATTEMPT, &[Read, Update, Delete], "A root token by those who hold shares."),
        path("generate-root/update", SHARE, &[Update], "Give a share for a root token."),
        path("health", HEALTH, &[Read], "How the node is, told by the status."),
        path("init", INIT, &[Read, Update], "Make the keys and the first state, once."),
        path("leader", &[], &[Read], "Who leads."),
        path("metrics", METRICS, &[Read], "The node's metrics; without leave its own state alone."),
        path("rekey/init", REKEY, &[Read, Update, Delete], "New shares by those who hold the old ones."),
        path("rekey/update", SHARE, &[Update], "Give an old share for new ones."),
        path("rekey/verify", SHARE, &[Read, Update, Delete], "Give back the new shares."),
        path("storage/raft/bootstrap/answer", CHALLENGE, &[Update], "A joining node proves the unseal key."),
        path("storage/raft/bootstrap/challenge", CHALLENGE, &[Update], "A joining node introduces itself."),
        path("storage/raft/join", JOIN, &[Update], "Have this node join a cluster."),
        path("seal-status", &[], &[Read], "How far the node is from serving."),
        path("unseal", UNSEAL, &[Update], "Give a share to open the seal."),
    ]
}

fn path(pattern: &'static str, fields: &'static [Field], operations: &[Operation], synopsis: &'static str) -> PathHelp {
    PathHelp { pattern, suffix: "", fields, operations: operations.to_vec(), synopsis, description: "" }
}

use crate::client::{Client, Request, RequestError};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::{FIELD, Output};
use crate::output::{Format, Timestamp, columns_with_header, print, print_field};
use crate::session::Session;
use crate::value::{Json, Map};

pub(super) static COMMAND: Command = Command {
    name: "status",
    synopsis: "Print seal and HA status",
    usage: "[options]",
    about: "Prints the state of a server, sealed or not. It exits with 0 when the server is unsealed, 1 on an \
            error, and 2 when it is sealed.",
    examples: &[],
    action: Action::Run(Run::new(Arguments::NONE, Output::FieldAndFormat, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    // 2 says "sealed" here.
    let local = |failure: Failure| Failure::local(failure.message);
    let mut client = session.client(flags).map_err(local)?;
    client.leave_namespace();
    let status = client.send(&Request::get("sys/seal-status")).and_then(|answer| answer.map());
    let status = status.map_err(|error| Failure::local(format!("Error checking seal status: {error}")))?;
    let status = Status::of(&client, &status)?;
    let exit = if status.sealed() { Exit::NOT_READY } else { Exit::OK };
    match flags.get(&FIELD).as_str() {
        "" => status.print(session)?,
        field => match print_field(&mut session.ui, status.field(field), field, "seal status") {
            Ok(_) => Exit::OK,
            Err(failure) => {
                session.ui.error(&failure.message);
                Exit::OK
            }
        },
    };
    Ok(exit)
}

/// What a server says of its seal, and of who leads.
pub(super) struct Status {
    seal: Map,
    leader: Map,
}

impl Status {
    /// Asks for the leader beside a seal status that was had.
    ///
    /// # Errors
    /// The leader cannot be asked for; that a server is sealed is none.
    pub(super) fn of(client: &Client, seal: &Map) -> Result<Self, Failure> {
        let leader = client.send(&Request::get("sys/leader").always_sent()).and_then(|answer| answer.map());
        let leader = match leader {
            Err(error) if is_sealed(&error) => Map::of([("ha_enabled", true.into())]),
            other => other.map_err(|error| Failure::local(format!("Error checking leader status: {error}")))?,
        };
        Ok(Self { seal: seal.clone(), leader })
    }

    pub(super) fn sealed(&self) -> bool {
        self.seal.bool("sealed")
    }

    /// # Errors
    /// The form asked for does not suit it.
    pub(super) fn print(&self, session: &mut Session) -> Outcome {
        if session.ui.format != Format::Table {
            return print(&mut session.ui, &self.to_json());
        }
        session.ui.output(&columns_with_header(self.rows()));
        Ok(Exit::OK)
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let (seal, leader) = (&self.seal, &self.leader);
        let recovery = if seal.bool("recovery_seal") { "Recovery " } else { "" };
        let mut rows = vec![vec!["Key".to_owned(), "Value".to_owned()]];
        let mut row = |key: &str, value: String| rows.push(vec![key.to_owned(), value]);
        row("Seal Type", seal.text("type").to_owned());
        if seal.bool("recovery_seal") {
            row("Recovery Seal Type", seal.text("recovery_seal_type").to_owned());
        }
        row("Initialized", seal.bool("initialized").to_string());
        row("Sealed", seal.bool("sealed").to_string());
        if seal.bool("removed_from_cluster") {
            row("Removed From Cluster", "true".to_owned());
        }
        row(&format!("Total {recovery}Shares"), seal.integer("n").to_string());
        row("Threshold", seal.integer("t").to_string());
        if seal.bool("sealed") {
            row("Unseal Progress", format!("{}/{}", seal.integer("progress"), seal.integer("t")));
            row("Unseal Nonce", seal.text("nonce").to_owned());
        }
        if seal.bool("migration") {
            row("Seal Migration in Progress", "true".to_owned());
        }
        let dates = [("Commit Date", "commit_date"), ("Build Date", "build_date")];
        let date = dates.into_iter().find(|(_, field)| !seal.text(field).is_empty());
        for (title, field) in
            [Some(("Version", "version")), date, Some(("Storage Type", "storage_type"))].into_iter().flatten()
        {
            if !seal.text(field).is_empty() {
                row(title, seal.text(field).to_owned());
            }
        }
        if !seal.text("cluster_name").is_empty() && !seal.text("cluster_id").is_empty() {
            row("Cluster Name", seal.text("cluster_name").to_owned());
            row("Cluster ID", seal.text("cluster_id").to_owned());
        }
        row("HA Enabled", leader.bool("ha_enabled").to_string());
        if leader.bool("ha_enabled") && !seal.bool("sealed") {
            row("HA Cluster", leader.text("leader_cluster_address").to_owned());
            row("HA Mode", self.mode().to_owned());
            if let Some(since) = self.active_since().filter(|_| leader.bool("is_self")) {
                row("Active Since", since.rfc3339());
            }
            if !leader.bool("is_self") && !leader.text("leader_address").is_empty() {
                row("Active Node Address", leader.text("leader_address").to_owned());
            }
        }
        for (title, field) in
            [("Raft Committed Index", "raft_committed_index"), ("Raft Applied Index", "raft_applied_index")]
        {
            if leader.integer(field) > 0 {
                row(title, leader.integer(field).to_string());
            }
        }
        rows
    }

    fn mode(&self) -> &'static str {
        if self.leader.bool("is_self") { "active" } else { "standby" }
    }

    fn active_since(&self) -> Option<Timestamp> {
        Timestamp::parse(self.leader.text("active_time")).filter(|time| !time.is_zero())
    }

    /// All of it in one object. What is empty and may be, is left out.
    fn to_json(&self) -> Json {
        let (seal, leader) = (&self.seal, &self.leader);
        let mut map = Map::of([
            ("type", seal.text("type").into()),
            ("initialized", seal.bool("initialized").into()),
            ("sealed", seal.bool("sealed").into()),
            ("t", Json::number(seal.integer("t"))),
            ("n", Json::number(seal.integer("n"))),
            ("progress", Json::number(seal.integer("progress"))),
            ("nonce", seal.text("nonce").into()),
            ("version", seal.text("version").into()),
            ("commit_date", seal.text("commit_date").into()),
            ("migration", seal.bool("migration").into()),
        ]);
        for field in ["cluster_name", "cluster_id"] {
            if !seal.text(field).is_empty() {
                map.set(field, seal.text(field).into());
            }
        }
        map.set("recovery_seal", seal.bool("recovery_seal").into());
        for field in ["recovery_seal_type", "storage_type"] {
            if !seal.text(field).is_empty() {
                map.set(field, seal.text(field).into());
            }
        }
        if let Some(warnings) = seal.get("warnings") {
            map.set("warnings", warnings.clone());
        }
        map.set("build_date", seal.text("build_date").into());
        map.set("ha_enabled", leader.bool("ha_enabled").into());
        if leader.bool("is_self") {
            map.set("is_self", true.into());
        }
        if let Some(since) = self.active_since() {
            map.set("active_time", Json::text(since.rfc3339()));
        }
        for field in ["leader_address", "leader_cluster_address"] {
            if !leader.text(field).is_empty() {
                map.set(field, leader.text(field).into());
            }
        }
        for field in ["raft_committed_index", "raft_applied_index"] {
            if leader.integer(field) > 0 {
                map.set(field, Json::number(leader.integer(field)));
            }
        }
        map.into()
    }

    fn field(&self, name: &str) -> Option<Json> {
        match name {
            "ha_mode" => Some(self.mode().into()),
            "active_time" => Some(Json::text(self.active_since().unwrap_or_else(Timestamp::zero).rfc3339())),
            _ => {
                let json = self.to_json();
                json.as_map().and_then(|map| map.get(name).cloned())
            }
        }
    }
}

fn is_sealed(error: &RequestError) -> bool {
    error.says("Vault is sealed")
}

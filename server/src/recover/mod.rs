//! `coffer operator raft recover`: on a node that is stopped, leaves the members that an operator names.

mod flags;

use std::ffi::OsString;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use coffer_cluster::recovery::{OfflineNode, RecoveryMember, Wanted};

use self::flags::{Asked, Flags};
use crate::config::{Config, Storage};
use crate::{environment, refuse, say};

const HELP: &str = "\
Usage: coffer operator raft recover [options]

  Brings back a cluster that has lost a majority of its voters for good. It is
  done on each node that is left, while its server is stopped, everywhere with
  the same members; then the servers are started again. It needs no keys.

  Those left out must be stopped for good: when one of them meets a recovered
  node it is told that it was removed, and it joins again with empty data alone.

  Leave two of five members, named by their node_id:

      $ coffer operator raft recover -config=/etc/coffer/config.hcl -keep=node1,node2

  As a peers.json says, which may also give new addresses (the same file does it
  at the server's start, as raft/peers.json in the data folder):

      $ coffer operator raft recover -path=/var/lib/coffer -peers=peers.json

Command Options:

  -config=<string>
      The server's configuration, which names the data folder.

  -path=<string>
      The data folder itself.

  -keep=<string>
      The node_ids of the members that are left, parted by commas.

  -peers=<string>
      A file that lists the members that are left:
      [{\"id\": \"node1\", \"address\": \"vault1.example.com:8201\", \"non_voter\": false}]

  -yes
      Does it without asking. The default is false.
";

/// The whole command line, to the end of the process.
pub fn recover(args: Vec<OsString>) -> ExitCode {
    let words: Result<Vec<_>, _> = args.into_iter().skip(4).map(OsString::into_string).collect();
    let Ok(words) = words else { return refuse("an argument is not valid UTF-8") };
    let flags = match Flags::parse(&words) {
        Ok(Asked::Recover(flags)) => flags,
        Ok(Asked::Help) => {
            say(HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => return refuse(&error),
    };
    match run(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
    }
}

fn run(flags: &Flags) -> Result<(), String> {
    let wanted = wanted(flags)?;
    let folder = folder(flags)?;
    let node = OfflineNode::open(&folder).map_err(|error| error.to_string())?;
    let plan = node.plan(&wanted).map_err(|error| error.to_string())?;
    let (before, after) = (node.members(), plan.members());
    say(&format!(
        "This node: {} ({})\n\nMembers now:\n{}\nMembers afterwards:\n{}\n",
        node.node_id(),
        folder.display(),
        table(&before),
        table(&after)
    ));
    let gone: Vec<&str> = before
        .iter()
        .map(|member| member.node_id.as_str())
        .filter(|id| !after.iter().any(|kept| kept.node_id == *id))
        .collect();
    if !gone.is_empty() {
        say(&format!("{} must be stopped for good, and can join again with empty data alone.\n", gone.join(", ")));
    }
    if !flags.yes && !is_agreed()? {
        return Err("nothing was changed".to_owned());
    }
    node.carry_out(&plan).map_err(|error| error.to_string())?;
    say("Recovered. ");
    match after.as_slice() {
        [_] | [] => say("Start the server.\n"),
        _ => say("Do the same on each of the others that are left, then start the servers.\n"),
    }
    Ok(())
}

fn wanted(flags: &Flags) -> Result<Vec<Wanted>, String> {
    let Some(path) = &flags.peers else {
        let kept = |id: &String| Wanted { node_id: id.clone(), address: None, non_voter: false };
        return Ok(flags.keep.iter().map(kept).collect());
    };
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Wanted::from_peers_json(&text).map_err(|error| error.to_string())
}

fn folder(flags: &Flags) -> Result<PathBuf, String> {
    if let Some(path) = &flags.path {
        return Ok(path.clone());
    }
    let (config, _) = Config::load(&flags.config, &environment).map_err(|error| error.to_string())?;
    match config.storage {
        Storage::Raft(raft) => Ok(raft.path),
        Storage::InMemory => Err("this configuration keeps its data in memory: there is nothing to recover".to_owned()),
    }
}

fn table(members: &[RecoveryMember]) -> String {
    let widest = members.iter().map(|member| member.node_id.len()).max().unwrap_or_default();
    let line = |member: &RecoveryMember| {
        let voter = if member.voter { "voter" } else { "non-voter" };
        format!("  {:widest$}  {}  {voter}\n", member.node_id, member.address)
    };
    members.iter().map(line).collect()
}

fn is_agreed() -> Result<bool, String> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err("nobody can be asked here: add -yes to do it".to_owned());
    }
    // Standard error may be closed; the answer is what counts.
    let _ = write!(std::io::stderr(), "Type \"yes\" to go on: ");
    let mut answer = String::new();
    input.lock().read_line(&mut answer).map_err(|error| error.to_string())?;
    Ok(answer.trim() == "yes")
}

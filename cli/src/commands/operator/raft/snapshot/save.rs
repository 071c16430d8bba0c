use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::super::membership::incorrect;
use crate::client::{Request, Stream};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "save",
    synopsis: "Saves a snapshot of the current state of the Raft cluster into a file",
    usage: "[options] FILE",
    about: "Saves all data of the cluster in a file. An earlier file of that name is replaced once the new one is whole.",
    examples: &[("", "{} operator raft snapshot save raft.snap")],
    action: Action::Run(Run::new(Arguments::ANY.files(), Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let [path] = &flags.arguments[..] else {
        return Err(incorrect(1, flags));
    };
    let path = path.trim();
    if path.is_empty() {
        return Err(Failure::local("Output file name is required"));
    }
    let client = session.client(flags)?;
    let failed = |why: String| Failure::server(format!("Error taking the snapshot: {why}"));
    let request = Request::get("sys/storage/raft/snapshot").without_time_limit();
    let mut stream = client.stream(&request).map_err(|error| failed(error.to_string()))?;
    save(&mut stream, Path::new(path)).map_err(failed)?;
    Ok(Exit::OK)
}

/// Writes beside the file and then takes its place: a half of a snapshot never stands for a whole one.
fn save(stream: &mut Stream<'_>, path: &Path) -> Result<(), String> {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial).map_err(named)?;
    let written =
        write_all(stream, &mut file).and_then(|()| file.sync_all().map_err(named)).and_then(|()| check(&partial));
    match written.and_then(|()| fs::rename(&partial, path).map_err(named)) {
        Ok(()) => Ok(()),
        Err(error) => {
            let _ = fs::remove_file(&partial);
            Err(error)
        }
    }
}

/// All of what was written is read again: a transfer that was cut short in a way that nobody noticed ends here.
fn check(partial: &Path) -> Result<(), String> {
    let file = File::open(partial).map_err(|error| error.to_string())?;
    let summary = coffer_snapshot::read(file, |_, _| Ok::<_, std::convert::Infallible>(()));
    let summary =
        summary.map_err(|error| format!("incomplete snapshot, unable to read SHA256SUMS.sealed file: {error}"))?;
    if summary.sealed.is_empty() {
        return Err("incomplete snapshot, unable to read SHA256SUMS.sealed file".to_owned());
    }
    Ok(())
}

fn write_all(stream: &mut Stream<'_>, file: &mut File) -> Result<(), String> {
    while let Some(piece) = stream.next().map_err(|error| error.to_string())? {
        file.write_all(&piece).map_err(|error| error.to_string())?;
    }
    Ok(())
}

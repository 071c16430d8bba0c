//! The binary: `server`, `front` and `operator raft recover` are here, every other command is the client's.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    let word = |at: usize| args.get(at).and_then(|word| word.to_str());
    match (word(1), word(2), word(3)) {
        (Some("server"), ..) => coffer::serve(args),
        (Some("front"), ..) => coffer::front(args),
        (Some("operator"), Some("raft"), Some("recover")) => coffer::recover(args),
        _ => coffer_cli::run(args, &coffer::version::text()),
    }
}

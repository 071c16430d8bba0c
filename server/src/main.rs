//! The binary: `server` and `front` are here, every other command is the client's.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    match args.get(1).and_then(|word| word.to_str()) {
        Some("server") => coffer::serve(args),
        Some("front") => coffer::front(args),
        _ => coffer_cli::run(args, &coffer::version::text()),
    }
}

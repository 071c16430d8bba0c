//! `coffer front`: the front proxy as a process, with its log and its signals.

mod flags;
mod help;

use std::ffi::OsString;
use std::process::ExitCode;

use coffer_front::Front;
use coffer_front::config::{Config, read};

use crate::config::LogSettings;
use crate::lifecycle::{Asked, Signals};
use crate::logging::Logging;
use flags::{Flags, Source, Wanted};

/// `coffer front`: the whole command line, to the end of the process.
pub fn front(args: Vec<OsString>) -> ExitCode {
    let words: Result<Vec<_>, _> = args.into_iter().skip(2).map(OsString::into_string).collect();
    let Ok(words) = words else { return crate::refuse("an argument is not valid UTF-8") };
    let flags = match Flags::parse(&words) {
        Ok(Wanted::Front(flags)) => *flags,
        Ok(Wanted::Help) => {
            crate::say(help::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => return crate::refuse(&error),
    };
    match run(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => crate::refuse(&error),
    }
}

fn run(flags: &Flags) -> Result<(), String> {
    coffer_tls::check_cpu().map_err(|error| error.to_string())?;
    let loaded = Loaded::of(flags)?;
    let logging = Logging::begin(&loaded.log).map_err(|error| error.to_string())?;
    crate::allocator::return_idle_memory();
    // For checks, the status page and signals; connections have threads of their own.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let ended = runtime.block_on(serve(flags, loaded.config, &logging));
    runtime.shutdown_background();
    ended
}

async fn serve(flags: &Flags, config: Config, logging: &Logging) -> Result<(), String> {
    let mut signals = Signals::listen().map_err(|error| error.to_string())?;
    let mut front = Front::start(config).await.map_err(|error| error.to_string())?;
    crate::say("==> Coffer front proxy started! Log data will stream in below:\n\n");
    while signals.next().await == Asked::Reload {
        if let Err(error) = logging.reopen() {
            tracing::error!("{error}");
        }
        match reload(flags, &mut front).await {
            Ok(()) => tracing::info!("configuration reloaded"),
            Err(error) => tracing::error!("the configuration was not reloaded, the old one goes on: {error}"),
        }
    }
    tracing::info!("shutdown asked for");
    tokio::select! {
        cut = front.stop() => if cut > 0 {
            tracing::warn!(connections = cut, "connections were cut off");
        },
        () = async { while signals.next().await != Asked::Stop {} } => tracing::warn!("second signal: ending at once"),
    }
    Ok(())
}

async fn reload(flags: &Flags, front: &mut Front) -> Result<(), String> {
    let loaded = Loaded::of(flags)?;
    front.reload(loaded.config).await.map_err(|error| error.to_string())
}

/// A configuration, and how to log.
struct Loaded {
    config: Config,
    log: LogSettings,
}

impl Loaded {
    fn of(flags: &Flags) -> Result<Self, String> {
        let (config, mut log) = match &flags.source {
            Source::Flags(config) => ((**config).clone(), LogSettings::default()),
            Source::File(path) => {
                let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
                let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
                let config = read(&text).map_err(|error| named(&error))?;
                let body = coffer_hcl::parse(&text).map_err(|error| named(&error))?;
                (config, log_settings(&body).map_err(|error| named(&error))?)
            }
        };
        log.level = flags.log.level.or(log.level);
        log.format = flags.log.format.or(log.format);
        log.file = flags.log.file.clone().or(log.file);
        Ok(Self { config, log })
    }
}

fn log_settings(body: &coffer_hcl::Body) -> Result<LogSettings, String> {
    let text = |key: &str| body.string(key).map_err(|error| error.to_string());
    Ok(LogSettings {
        level: text("log_level")?
            .map(|level| level.parse())
            .transpose()
            .map_err(|error| format!("log_level: {error}"))?,
        format: text("log_format")?
            .map(|format| format.parse())
            .transpose()
            .map_err(|error| format!("log_format: {error}"))?,
        file: text("log_file")?.map(Into::into),
    })
}

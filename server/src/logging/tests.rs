use std::path::Path;

use super::*;
use crate::config::LogLevel;

fn logging(file: &Path, level: LogLevel) -> Logging {
    let levels = Arc::new(LogLevels::new(level));
    let sink = Arc::new(Sink::open(Some(file)).unwrap());
    Logging { tap: LogTap::new(Arc::clone(&levels)), levels, sink }
}

fn said(logging: &Logging, format: LogFormat, say: impl FnOnce()) {
    tracing::subscriber::with_default(tracing_subscriber::registry().with(logging.layer(format)), say);
}

#[test]
fn a_line_is_vaults_and_holds_no_token_and_no_line_break() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let log = logging(&file, LogLevel::Info);
    said(&log, LogFormat::Standard, || {
        tracing::info!(target: "coffer_core::mount", path = "secret/", count = 3, "mounted");
        tracing::debug!(target: "coffer_core::mount", "not heard");
        tracing::warn!(target: "core.router", token = "hvs.CAESIJlU02LvMDmhkODAbcdefghijk", "odd\n[ERROR] forged");
        tracing::error!(target: "coffer::listen", error = "a \"b\" c", ok = true, "failed");
    });
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = text.lines().map(|line| line.split_once(' ').unwrap()).collect();
    let rests: Vec<_> = lines.iter().map(|(_, rest)| *rest).collect();
    assert_eq!(
        rests,
        [
            "[INFO]  core: mounted: path=secret/ count=3",
            "[WARN]  core.router: odd\\n[ERROR] forged: token=\"[redacted token]\"",
            "[ERROR] server: failed: error=\"a \\\"b\\\" c\" ok=true",
        ]
    );
    let time = lines[0].0;
    assert!(time.len() == 24 && time.ends_with('Z') && &time[10..11] == "T", "{time}");
}

#[test]
fn json_is_one_object_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let log = logging(&file, LogLevel::Info);
    said(&log, LogFormat::Json, || tracing::info!(target: "coffer_audit", n = 1, name = "a\nb", "said"));
    let value: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(value["@level"], "info");
    assert_eq!(value["@message"], "said");
    assert_eq!(value["@module"], "audit");
    assert_eq!(value["n"], 1);
    assert_eq!(value["name"], "a\nb");
}

#[test]
fn a_level_changes_at_once_and_a_renamed_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (file, old) = (folder.path().join("log"), folder.path().join("log.1"));
    let log = logging(&file, LogLevel::Warn);
    said(&log, LogFormat::Standard, || {
        tracing::info!(target: "coffer_core", "one");
        log.levels.set("core", LogLevel::Debug);
        tracing::debug!(target: "coffer_core", "two");
        std::fs::rename(&file, &old).unwrap();
        log.reopen().unwrap();
        tracing::debug!(target: "coffer_core", "three");
    });
    assert!(std::fs::read_to_string(&old).unwrap().ends_with("core: two\n"));
    assert!(std::fs::read_to_string(&file).unwrap().ends_with("core: three\n"));
    assert_eq!(std::fs::read_to_string(&old).unwrap().lines().count(), 1);
}

#[tokio::test]
async fn who_listens_in_hears_its_own_level() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let log = logging(&file, LogLevel::Error);
    let mut debug = log.tap.listen(LogLevel::Debug, LogFormat::Standard);
    let mut warn = log.tap.listen(LogLevel::Warn, LogFormat::Json);
    said(&log, LogFormat::Standard, || {
        tracing::debug!(target: "coffer_core", "one");
        tracing::trace!(target: "coffer_core", "not heard");
        tracing::warn!(target: "coffer_core", "two");
    });
    assert!(debug.next().await.unwrap().ends_with("[DEBUG] core: one\n"));
    assert!(debug.next().await.unwrap().ends_with("[WARN]  core: two\n"));
    assert!(warn.next().await.unwrap().contains("\"@message\":\"two\""));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "");
    drop((debug, warn));
    assert!(!log.levels.wants("core", LogLevel::Warn));
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error() {
    let error = Sink::open(Some(Path::new("/nonexistent/folder/log"))).unwrap_err().to_string();
    assert!(error.starts_with("log file /nonexistent/folder/log: No such file"), "{error}");
}

#[tokio::test]
async fn listeners_are_let_go_at_the_end() {
    let tap = LogTap::new(Arc::new(LogLevels::new(LogLevel::Info)));
    let mut listener = tap.listen(LogLevel::Info, LogFormat::Standard);
    let waiting = tokio::spawn(async move { listener.next().await });
    tap.close();
    assert_eq!(waiting.await.unwrap(), None);
    assert_eq!(tap.listen(LogLevel::Info, LogFormat::Standard).next().await, None);
}

//! File devices on real files.

mod support;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use coffer_audit::{CheckError, Environment};
use support::{broker, device, log, read, with_environment};

fn file(path: &Path) -> Arc<coffer_audit::Device> {
    device("file", "file", &[("file_path", path.to_str().unwrap())])
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn appends_what_is_logged_after_a_test_entry() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/audit.log");
    let device = file(&path);
    device.check("probe").await.unwrap();
    let broker = broker(&[device]);
    for id in ["a", "b", "c"] {
        log(&broker, id).await.unwrap();
    }
    assert_eq!(read(&path), ["probe", "a", "b", "c"]);
    assert_eq!(mode(&path), 0o600);
    assert!(!std::fs::read_to_string(&path).unwrap().contains("canary"));
}

#[tokio::test]
async fn a_log_that_was_moved_away_is_followed_by_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (folder.path().join("audit.log"), folder.path().join("audit.log.1"));
    let broker = broker(&[file(&path)]);
    log(&broker, "a").await.unwrap();
    std::fs::rename(&path, &old).unwrap();
    log(&broker, "b").await.unwrap();
    assert_eq!((read(&old), read(&path)), (vec!["a".to_owned()], vec!["b".to_owned()]));
    std::fs::remove_file(&path).unwrap();
    log(&broker, "c").await.unwrap();
    assert_eq!(read(&path), ["c"]);
}

#[tokio::test]
async fn reload_makes_the_file_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let broker = broker(&[file(&path)]);
    log(&broker, "a").await.unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(broker.reload().await, []);
    assert_eq!(read(&path), [""; 0]);
    std::fs::remove_dir_all(folder.path()).unwrap();
    std::fs::write(folder.path(), "").unwrap();
    let failures = broker.reload().await;
    assert_eq!(failures[0].device, "file/");
    assert!(failures[0].reason.contains(path.to_str().unwrap()), "{failures:?}");
    std::fs::remove_file(folder.path()).unwrap();
}

#[tokio::test]
async fn a_full_disk_is_an_error_that_names_it() {
    let device = device("full", "file", &[("path", "/dev/full")]);
    let refused = device.check("probe").await.unwrap_err();
    assert!(matches!(refused, CheckError::Test(_)), "{refused:?}");
    assert!(refused.to_string().starts_with("audit backend failed test message: write /dev/full: "));
    let broker = broker(&[device]);
    let error = log(&broker, "a").await.unwrap_err().to_string();
    assert!(
        error.starts_with("no audit device succeeded in logging the request: full/ write /dev/full: No space"),
        "{error}"
    );
    assert!(!error.contains("canary"));
}

#[tokio::test]
async fn one_good_device_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let full = device("full", "file", &[("path", "/dev/full")]);
    let broker = broker(&[full, file(&path)]);
    log(&broker, "a").await.unwrap();
    assert_eq!(read(&path), ["a"]);
    assert!(broker.disable("file"));
    log(&broker, "b").await.unwrap_err();
    assert!(broker.disable("full/") && !broker.disable("full/"));
    log(&broker, "c").await.unwrap();
    assert_eq!(read(&path), ["a"]);
}

#[tokio::test]
async fn the_mode_is_set_on_a_file_that_is_there_and_kept_where_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let with_mode = |mode| device("file", "file", &[("path", path.to_str().unwrap()), ("mode", mode)]);
    let missing = with_mode("0000").check("probe").await.unwrap_err();
    assert!(missing.to_string().starts_with("sanity check failed; unable to open "), "{missing}");
    std::fs::File::create(&path).unwrap().write_all(b"old\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    with_mode("0000").check("probe").await.unwrap();
    assert_eq!(mode(&path), 0o755);
    with_mode("0777").check("probe").await.unwrap();
    assert_eq!(mode(&path), 0o666);
    assert_eq!(read(&path), ["old", "probe", "probe"]);
}

#[tokio::test]
async fn a_device_that_fails_does_so_again_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("below");
    std::fs::write(&below, "a file, not a folder").unwrap();
    let broker = broker(&[file(&below.join("audit.log"))]);
    log(&broker, "a").await.unwrap_err();
    std::fs::remove_file(&below).unwrap();
    log(&broker, "b").await.unwrap();
    assert_eq!(read(below.join("audit.log")), ["b"]);
}

#[tokio::test]
async fn the_nodes_own_folders_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("log.redb"), "store").unwrap();
    std::os::unix::fs::symlink(&data, folder.path().join("link")).unwrap();
    std::os::unix::fs::symlink(data.join("log.redb"), folder.path().join("link.log")).unwrap();
    let environment = Environment { forbidden_folders: vec![data.clone()], ..Environment::default() };
    for path in ["data/log.redb", "data/new/x", "link/x", "link.log", "link/../data/x", "data/../data/x"] {
        let path = folder.path().join(path);
        let device = with_environment("f", "file", &[("path", path.to_str().unwrap())], &environment);
        let refused = device.check("probe").await.unwrap_err().to_string();
        assert!(refused.contains("not allowed in this folder"), "{refused}");
    }
    assert_eq!(std::fs::read_to_string(data.join("log.redb")).unwrap(), "store");
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1);
    let device =
        with_environment("f", "file", &[("path", folder.path().join("database").to_str().unwrap())], &environment);
    device.check("probe").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_all_get_there_whole() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["plain", "fsync"].map(|name| folder.path().join(name));
    let options = |at: usize| [("path", paths[at].to_str().unwrap().to_owned()), ("fsync", (at == 1).to_string())];
    let devices = [0, 1].map(|at| {
        let options = options(at);
        let options: Vec<_> = options.iter().map(|(key, value)| (*key, value.as_str())).collect();
        device(&format!("d{at}"), "file", &options)
    });
    let broker = Arc::new(broker(&devices));
    let tasks = (0..8).map(|task| {
        let broker = Arc::clone(&broker);
        tokio::spawn(async move {
            for entry in 0..100 {
                log(&broker, &format!("{task}-{entry:03}")).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    broker.flush().await;
    for path in paths {
        let ids = read(path);
        assert_eq!(ids.len(), 800);
        for task in 0..8 {
            let own: Vec<_> = ids.iter().filter(|id| id.starts_with(&format!("{task}-"))).collect();
            assert!(own.is_sorted() && own.len() == 100);
        }
    }
}

#[tokio::test]
async fn an_entry_waits_for_the_device_that_must_have_it_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let durable = device("durable", "file", &[("path", path.to_str().unwrap()), ("fsync", "true")]);
    let quick = device("quick", "file", &[("path", "discard")]);
    let broker = broker(&[quick, durable]);
    for entry in 1..50 {
        log(&broker, "x").await.unwrap();
        assert_eq!(read(&path).len(), entry);
    }
}

#[tokio::test]
async fn a_pipe_nobody_reads_is_refused_and_hangs_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let device = file(&pipe);
    assert!(matches!(device.check("probe").await, Err(CheckError::Open(_))));
}

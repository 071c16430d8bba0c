//! Devices that hang: a pipe and a TCP peer that nobody reads.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::sync::Arc;

use support::{broker, device, ids, log, log_padded, read};

/// More than the kernel keeps for a pipe, so that one line cannot go in.
fn more_than_a_pipe() -> String {
    "x".repeat(1 << 20)
}

#[tokio::test]
async fn a_device_that_hangs_does_not_hang_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let reader = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    let hanging = device("pipe", "file", &[("path", pipe.to_str().unwrap()), ("write_timeout", "50ms")]);
    let path = folder.path().join("audit.log");
    let good = device("good", "file", &[("path", path.to_str().unwrap())]);
    let both = broker(&[Arc::clone(&hanging), good]);
    log_padded(&both, "big", &more_than_a_pipe()).await.unwrap();
    for id in ["a", "b"] {
        log(&both, id).await.unwrap();
    }
    assert_eq!(read(&path), ["big", "a", "b"]);

    // Alone, it fails in time, and says why.
    let alone = broker(&[hanging]);
    let error = log(&alone, "c").await.unwrap_err().to_string();
    assert!(error.contains("pipe/ no progress for"), "{error}");
    log(&alone, "d").await.unwrap_err();

    // Read at last, it works again: nothing it was handed is lost.
    let reading = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for line in BufReader::new(reader).lines() {
            seen.extend(ids(&line.unwrap()));
            if seen.last().is_some_and(|id| id == "end") {
                break;
            }
        }
        seen
    });
    while log(&alone, "e").await.is_err() {}
    log(&alone, "end").await.unwrap();
    let seen = reading.join().unwrap();
    assert_eq!(&seen[..6], ["big", "a", "b", "c", "d", "e"]);
    drop(both);
}

#[tokio::test]
async fn a_tcp_peer_that_does_not_read_fails_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let device = device("sock", "socket", &[("address", &address), ("write_timeout", "100ms")]);
    let broker = broker(&[device]);
    let padding = more_than_a_pipe();
    let mut taken = 0;
    let error = loop {
        match log_padded(&broker, "x", &padding).await {
            Ok(()) => taken += 1,
            Err(error) => break error.to_string(),
        }
        assert!(taken < 1000, "the kernel takes no end of lines");
    };
    assert!(error.contains("sock/ "), "{error}");
    // Left alone for a while, it fails at once.
    let started = std::time::Instant::now();
    for _ in 0..5 {
        log(&broker, "y").await.unwrap_err();
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(1));
    drop(listener);
}

#[tokio::test]
async fn a_tcp_peer_that_comes_back_is_found_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let device = device("sock", "socket", &[("address", &address.to_string())]);
    let broker = broker(&[Arc::clone(&device)]);
    let accepted = tokio::task::spawn_blocking(move || (listener.accept().unwrap().0, listener));
    device.check("probe").await.unwrap();
    log(&broker, "a").await.unwrap();
    let (peer, listener) = accepted.await.unwrap();
    let mut reader = BufReader::new(peer);
    let mut lines = String::new();
    reader.read_line(&mut lines).unwrap();
    reader.read_line(&mut lines).unwrap();
    assert_eq!(ids(&lines), ["probe", "a"]);

    // It goes away; with nobody listening, nothing can be logged.
    drop((reader, listener));
    log(&broker, "b").await.unwrap_err();
    let listener = TcpListener::bind(address).unwrap();
    while log(&broker, "c").await.is_err() {}
    let (mut peer, _) = listener.accept().unwrap();
    broker.disable("sock");
    drop((broker, device));
    let mut lines = String::new();
    peer.read_to_string(&mut lines).unwrap();
    assert_eq!(ids(&lines), ["c"]);
}

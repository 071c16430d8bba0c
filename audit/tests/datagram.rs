//! Devices that send an entry a packet: syslog, UDP, unix sockets.

mod support;

use std::net::UdpSocket;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::sync::Arc;

use coffer_audit::{Broker, Device, Environment, Metrics};
use support::{Recorder, broker, config, device, ids, log, log_padded, salt, with_environment};

fn receive(socket: &UnixDatagram) -> String {
    let mut buffer = vec![0; 1 << 20];
    let count = socket.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..count].to_vec()).unwrap()
}

fn daemon(folder: &tempfile::TempDir) -> (UnixDatagram, Environment) {
    let path = folder.path().join("log");
    let socket = UnixDatagram::bind(&path).unwrap();
    let syslog_sockets = vec![folder.path().join("missing"), path];
    (socket, Environment { syslog_sockets, ..Environment::default() })
}

#[tokio::test]
async fn syslog_gets_header_and_entry() {
    let folder = tempfile::tempdir().unwrap();
    let (socket, environment) = daemon(&folder);
    let options = [("facility", "local3"), ("tag", "coffer")];
    let device = with_environment("syslog", "syslog", &options, &environment);
    device.check("probe").await.unwrap();
    let broker = broker(&[device]);
    log(&broker, "a").await.unwrap();
    for id in ["probe", "a"] {
        let message = receive(&socket);
        let (header, entry) = message.split_at(message.find('{').unwrap());
        assert_eq!(ids(entry), [id]);
        let process = std::process::id();
        assert!(header.starts_with("<158>") && header.ends_with(&format!(" coffer[{process}]: ")), "{header}");
        assert_eq!(header.len(), format!("<158>Nov 23 20:29:27 coffer[{process}]: ").len());
    }
}

#[tokio::test]
async fn an_entry_too_long_for_a_datagram_is_shortened() {
    let folder = tempfile::tempdir().unwrap();
    let (socket, environment) = daemon(&folder);
    let recorder = Arc::new(Recorder::default());
    let metrics = Arc::<Recorder>::clone(&recorder) as Arc<dyn Metrics>;
    let config = config("syslog", &[], &environment);
    let device = Device::start("syslog", config, salt(), Arc::clone(&metrics)).unwrap();
    let broker = Broker::new(metrics);
    broker.enable(Arc::new(device)).unwrap();
    log_padded(&broker, "long", &"ü".repeat(1 << 20)).await.unwrap();
    let message = receive(&socket);
    assert!(message.len() <= 60_000 && message.contains("\"id\":\"long\""));
    assert_eq!(*recorder.0.lock(), ["syslog/ shortened", "syslog/ Request true", "Request true"]);
}

#[tokio::test]
async fn without_a_daemon_syslog_is_refused_as_vault_refuses_it() {
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment { syslog_sockets: vec![folder.path().join("missing")], ..Environment::default() };
    let error = with_environment("s", "syslog", &[], &environment).check("probe").await.unwrap_err();
    assert!(error.to_string().ends_with("Unix syslog delivery error"), "{error}");
}

#[tokio::test]
async fn a_daemon_that_was_restarted_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let (socket, environment) = daemon(&folder);
    let broker = broker(&[with_environment("syslog", "syslog", &[], &environment)]);
    log(&broker, "a").await.unwrap();
    assert!(receive(&socket).contains("\"a\""));
    let path = folder.path().join("log");
    drop(socket);
    std::fs::remove_file(&path).unwrap();
    log(&broker, "b").await.unwrap_err();
    let socket = UnixDatagram::bind(&path).unwrap();
    while log(&broker, "c").await.is_err() {}
    assert!(receive(&socket).contains("\"c\""));
}

#[tokio::test]
async fn a_daemon_that_does_not_read_fails_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let (socket, environment) = daemon(&folder);
    let broker = broker(&[with_environment("syslog", "syslog", &[("write_timeout", "50ms")], &environment)]);
    let mut taken = 0;
    while log(&broker, "x").await.is_ok() {
        taken += 1;
        assert!(taken < 100_000, "the kernel takes no end of datagrams");
    }
    drop(socket);
}

#[tokio::test]
async fn udp_and_unix_sockets() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = udp.local_addr().unwrap().to_string();
    let sender = broker(&[device("udp", "socket", &[("address", &address), ("socket_type", "udp4")])]);
    log(&sender, "u").await.unwrap();
    let mut buffer = [0; 4096];
    let count = udp.recv(&mut buffer).unwrap();
    assert_eq!(ids(std::str::from_utf8(&buffer[..count]).unwrap()), ["u"]);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stream");
    let listener = UnixListener::bind(&path).unwrap();
    let options = [("address", path.to_str().unwrap()), ("socket_type", "unix")];
    let sender = broker(&[device("unix", "socket", &options)]);
    log(&sender, "s").await.unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    drop(sender);
    let mut lines = String::new();
    std::io::Read::read_to_string(&mut peer, &mut lines).unwrap();
    assert_eq!(ids(&lines), ["s"]);
}

//! Listeners over real sockets: TLS, reload, limits and drain.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coffer::config::{Config, Endpoint};
use coffer::listen::{self, Answer, Bound, ConnectionInfo, ConnectionLimit, Drained, RequestBody, Serving};
use coffer_tls::{Authority, ClientTls, LeafRequest, Reloaded, Roots, Trust};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

/// Answers with the path; `/wait` only once the gate is opened.
#[derive(Clone)]
struct Echo {
    gate: Arc<Semaphore>,
    arrived: Arc<Semaphore>,
}

impl Echo {
    fn new() -> Self {
        Self { gate: Arc::new(Semaphore::new(0)), arrived: Arc::new(Semaphore::new(0)) }
    }
}

impl Answer for Echo {
    type Body = Full<Bytes>;

    async fn answer(&self, request: Request<RequestBody>, connection: Arc<ConnectionInfo>) -> Response<Self::Body> {
        self.arrived.add_permits(1);
        if request.uri().path() == "/wait" {
            let _ = self.gate.acquire().await;
        }
        if request.uri().path() == "/body" {
            return match request.into_body().collect().await {
                Ok(body) => Response::new(Full::from(body.to_bytes())),
                Err(error) => Response::builder().status(408).body(Full::from(error.to_string())).unwrap(),
            };
        }
        let secure = connection.tls.is_some();
        Response::new(Full::from(format!("{} {secure} {:?}", request.uri().path(), request.version())))
    }
}

struct Files {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Files {
    fn new() -> Self {
        let files = Self {
            folder: tempfile::tempdir().unwrap(),
            authority: Authority::new("listener test CA", Duration::from_secs(3600)).unwrap(),
        };
        files.issue("first");
        files
    }

    fn issue(&self, common_name: &str) {
        let names = vec!["localhost".into(), format!("{common_name}.test")];
        let request = LeafRequest { common_name: common_name.into(), names, lifetime: Duration::from_secs(600) };
        let issued = self.authority.issue(&request).unwrap();
        self.write("cert.pem", &issued.certificate);
        self.write("key.pem", &issued.key);
    }

    /// Renamed into place, as careful tools do.
    fn write(&self, name: &str, text: &str) {
        let beside = self.folder.path().join(format!("{name}.new"));
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, self.folder.path().join(name)).unwrap();
    }

    fn config(&self, more: &str) -> Config {
        let path = self.folder.path().display();
        load(
            self.folder.path(),
            &format!(
                "address = \"127.0.0.1:0\"\ntls_cert_file = \"{path}/cert.pem\"\ntls_key_file = \"{path}/key.pem\"\n{more}"
            ),
        )
    }

    fn connector(&self, alpn: &[&[u8]]) -> TlsConnector {
        let roots = Roots::from_pem(self.authority.certificate().as_bytes(), "test").unwrap();
        let mut tls = ClientTls::new(Trust::Roots(roots));
        tls.alpn = alpn.iter().map(|name| name.to_vec()).collect();
        TlsConnector::from(tls.config().unwrap())
    }
}

fn load(folder: &Path, listener: &str) -> Config {
    let file = folder.join("config.hcl");
    std::fs::write(&file, format!("storage \"inmem\" {{}}\nlistener \"tcp\" {{\n{listener}\n}}\n")).unwrap();
    Config::load(&[file], &|_| None).unwrap().0
}

async fn start(
    config: &Config,
    echo: &Echo,
) -> (Serving, std::net::SocketAddr, Option<Arc<coffer_tls::ReloadableIdentity>>) {
    let bound = Bound::bind(&config.listeners[0]).await.unwrap();
    let (address, identity) = (bound.address().unwrap(), bound.identity().cloned());
    (listen::serve(vec![bound], echo, ConnectionLimit::of(64)), address, identity)
}

type Client = hyper::client::conn::http1::SendRequest<Full<Bytes>>;

async fn tls_client(files: &Files, address: std::net::SocketAddr, name: &str) -> std::io::Result<Client> {
    let stream = TcpStream::connect(address).await?;
    let name = name.to_owned().try_into().unwrap();
    let stream = files.connector(&[b"http/1.1"]).connect(name, stream).await?;
    Ok(http1(stream).await)
}

async fn http1<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static>(stream: S) -> Client {
    let (client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn get(client: &mut Client, path: &str) -> String {
    let request = Request::get(path).header("host", "localhost").body(Full::default()).unwrap();
    text(client.send_request(request).await.unwrap()).await
}

async fn text(response: Response<Incoming>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_reload_serves_the_new_certificate_and_keeps_connections() {
    let (files, echo) = (Files::new(), Echo::new());
    let (serving, address, identity) = start(&files.config(""), &echo).await;
    let identity = identity.unwrap();
    let mut before = tls_client(&files, address, "first.test").await.unwrap();
    assert_eq!(get(&mut before, "/a").await, "/a true HTTP/1.1");
    assert!(tls_client(&files, address, "second.test").await.is_err());

    files.issue("second");
    assert_eq!(identity.reload_if_changed().unwrap(), Reloaded::Replaced);
    let mut after = tls_client(&files, address, "second.test").await.unwrap();
    assert_eq!(get(&mut after, "/b").await, "/b true HTTP/1.1");
    assert!(tls_client(&files, address, "first.test").await.is_err());
    assert_eq!(get(&mut before, "/c").await, "/c true HTTP/1.1", "the old connection stays");

    // A pair that does not fit changes nothing.
    files.write("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    assert!(identity.reload().is_err());
    tls_client(&files, address, "second.test").await.unwrap();

    drop((before, after));
    assert_eq!(serving.drain(Duration::from_secs(10)).await, Drained::All);
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_agreed_on() {
    let (files, echo) = (Files::new(), Echo::new());
    let (serving, address, _) = start(&files.config(""), &echo).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let stream = files.connector(&[b"h2"]).connect("localhost".try_into().unwrap(), stream).await.unwrap();
    let io = TokioIo::new(stream);
    let (mut client, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://localhost/two").body(Full::<Bytes>::default()).unwrap();
    assert_eq!(text(client.send_request(request).await.unwrap()).await, "/two true HTTP/2.0");
    assert_eq!(serving.drain(Duration::from_secs(10)).await, Drained::All);
}

#[tokio::test]
async fn a_drain_lets_requests_finish_and_takes_no_new_ones() {
    let (files, echo) = (Files::new(), Echo::new());
    let (serving, address, _) = start(&files.config(""), &echo).await;
    let mut client = tls_client(&files, address, "localhost").await.unwrap();
    let waiting = tokio::spawn(async move { get(&mut client, "/wait").await });
    echo.arrived.acquire().await.unwrap().forget();
    let drained = tokio::spawn(serving.drain(Duration::from_secs(30)));
    // Refused once the listener has gone.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    echo.gate.add_permits(1);
    assert_eq!(waiting.await.unwrap(), "/wait true HTTP/1.1");
    assert_eq!(drained.await.unwrap(), Drained::All);
}

#[tokio::test]
async fn a_drain_cuts_off_what_does_not_finish() {
    let (files, echo) = (Files::new(), Echo::new());
    let (serving, address, _) = start(&files.config(""), &echo).await;
    let mut client = tls_client(&files, address, "localhost").await.unwrap();
    let waiting = tokio::spawn(async move {
        let request = Request::get("/wait").header("host", "localhost").body(Full::default()).unwrap();
        client.send_request(request).await.is_err()
    });
    echo.arrived.acquire().await.unwrap().forget();
    assert!(matches!(serving.drain(Duration::from_millis(10)).await, Drained::CutOff(_)));
    assert!(waiting.await.unwrap());
}

#[tokio::test]
async fn connections_that_ask_nothing_do_not_hold_a_drain_up() {
    let (files, echo) = (Files::new(), Echo::new());
    for plain in [true, false] {
        let config = match plain {
            true => load(files.folder.path(), "address = \"127.0.0.1:0\"\ntls_disable = true"),
            false => files.config(""),
        };
        let (serving, address, _) = start(&config, &echo).await;
        let silent = TcpStream::connect(address).await.unwrap();
        let mut half = TcpStream::connect(address).await.unwrap();
        half.write_all(if plain { b"GET / HT" } else { b"\x16\x03\x01" }).await.unwrap();
        // One that came after them is answered, so they are accepted.
        if plain {
            get(&mut http1(TcpStream::connect(address).await.unwrap()).await, "/").await;
        } else {
            get(&mut tls_client(&files, address, "localhost").await.unwrap(), "/").await;
        }
        assert_eq!(serving.drain(Duration::from_secs(5)).await, Drained::All, "plain: {plain}");
        drop((silent, half));
    }
}

#[tokio::test]
async fn slow_clients_are_closed() {
    let (files, echo) = (Files::new(), Echo::new());
    let config = files.config("http_read_header_timeout = \"200ms\"\nhttp_idle_timeout = \"400ms\"");
    let (serving, address, _) = start(&config, &echo).await;
    let closed = |mut stream: TcpStream, said: &'static [u8]| async move {
        stream.write_all(said).await.unwrap();
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await.expect("closed");
    };
    // No handshake, and half a handshake.
    closed(TcpStream::connect(address).await.unwrap(), b"").await;
    closed(TcpStream::connect(address).await.unwrap(), b"\x16\x03\x01").await;

    // Half a head, and a connection that idles.
    for said in [&b"GET / HTTP/1.1\r\nHost: "[..], b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let stream = TcpStream::connect(address).await.unwrap();
        let connector = files.connector(&[b"http/1.1"]);
        let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        stream.write_all(said).await.unwrap();
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await.expect("closed");
    }
    assert_eq!(serving.drain(Duration::from_secs(10)).await, Drained::All);
}

#[tokio::test]
async fn a_body_that_trickles_in_is_given_up() {
    let (files, echo) = (Files::new(), Echo::new());
    let listener = "address = \"127.0.0.1:0\"\ntls_disable = true\nhttp_read_timeout = \"300ms\"\n\
                    custom_response_headers { \"408\" = { \"X-Slow\" = [\"yes\"] } }";
    let (serving, address, _) = start(&load(files.folder.path(), listener), &echo).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n").await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let trickle = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), reader.read_to_end(&mut answer)).await.expect("answered");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("http_read_timeout"), "{answer}");
    assert!(answer.contains("x-slow: yes") && answer.contains("strict-transport-security: "), "{answer}");
    trickle.abort();
    assert_eq!(serving.drain(Duration::from_secs(10)).await, Drained::All);
}

#[tokio::test]
async fn plain_http_to_a_tls_listener_is_told_so() {
    let (files, echo) = (Files::new(), Echo::new());
    let (serving, address, _) = start(&files.config(""), &echo).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /v1/sys/health HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 400 Bad Request\r\n"), "{answer}");
    assert!(answer.ends_with("Client sent an HTTP request to an HTTPS server.\n"), "{answer}");
    assert_eq!(serving.drain(Duration::from_secs(10)).await, Drained::All);
}

#[tokio::test]
async fn heads_are_bounded() {
    let (files, echo) = (Files::new(), Echo::new());
    let config = load(files.folder.path(), "address = \"127.0.0.1:0\"\ntls_disable = true");
    let (serving, address, _) = start(&config, &echo).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Large: {}\r\n\r\n", "x".repeat(200 << 10));
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = vec![0; 64];
    let read = stream.read(&mut answer).await.unwrap_or(0);
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(echo.arrived.available_permits(), 0);

    let mut good = http1(TcpStream::connect(address).await.unwrap()).await;
    assert_eq!(get(&mut good, "/plain").await, "/plain false HTTP/1.1");
    drop(good);
    assert_eq!(serving.drain(Duration::from_secs(10)).await, Drained::All);
}

#[tokio::test]
async fn a_unix_socket_has_its_mode_and_is_cleared_away() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sock");
    let file = folder.path().join("config.hcl");
    let text = format!(
        "storage \"inmem\" {{}}\nlistener \"unix\" {{ address = \"{}\" socket_mode = \"0640\" }}\n",
        path.display()
    );
    std::fs::write(&file, text).unwrap();
    let (config, _) = Config::load(&[file], &|_| None).unwrap();
    assert!(matches!(config.listeners[0].endpoint, Endpoint::Unix { .. }));

    // What a process that was killed leaves behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let bound = Bound::bind(&config.listeners[0]).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    let error = Bound::bind(&config.listeners[0]).await.unwrap_err().to_string();
    assert!(error.contains("another process listens on it"), "{error}");

    let serving = listen::serve(vec![bound], &Echo::new(), ConnectionLimit::of(4));
    let mut client = http1(UnixStream::connect(&path).await.unwrap()).await;
    assert_eq!(get(&mut client, "/u").await, "/u false HTTP/1.1");
    drop(client);
    assert_eq!(serving.drain(Duration::from_secs(10)).await, Drained::All);
    assert!(!path.exists());

    std::fs::write(&path, "precious").unwrap();
    let error = Bound::bind(&config.listeners[0]).await.unwrap_err().to_string();
    assert!(error.contains("something that is not a socket is there"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[tokio::test]
async fn a_listener_that_cannot_be_had_says_why() {
    let files = Files::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let plain = load(files.folder.path(), &format!("address = \"{at}\"\ntls_disable = true"));
    let error = Bound::bind(&plain.listeners[0]).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("{at} is in use by another process: ")), "{error}");

    std::fs::remove_file(files.folder.path().join("key.pem")).unwrap();
    let error = Bound::bind(&files.config("").listeners[0]).await.unwrap_err().to_string();
    assert!(error.contains("key.pem: cannot be read: No such file"), "{error}");
    files.write("key.pem", "");
    let error = Bound::bind(&files.config("").listeners[0]).await.unwrap_err().to_string();
    assert!(error.ends_with("key.pem: is empty"), "{error}");

    let elsewhere = load(files.folder.path(), "address = \"192.0.2.1:8200\"\ntls_disable = true");
    let error = Bound::bind(&elsewhere.listeners[0]).await.unwrap_err().to_string();
    assert!(error.contains("is not an address of this machine"), "{error}");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_their_turn() {
    let (files, echo) = (Files::new(), Echo::new());
    let config = load(files.folder.path(), "address = \"127.0.0.1:0\"\ntls_disable = true");
    let bound = Bound::bind(&config.listeners[0]).await.unwrap();
    let address = bound.address().unwrap();
    let serving = listen::serve(vec![bound], &echo, ConnectionLimit::of(1));
    let mut first = http1(TcpStream::connect(address).await.unwrap()).await;
    assert_eq!(get(&mut first, "/1").await, "/1 false HTTP/1.1");
    echo.arrived.acquire().await.unwrap().forget();

    let mut second = http1(TcpStream::connect(address).await.unwrap()).await;
    let waiting = tokio::spawn(async move { get(&mut second, "/2").await });
    assert_eq!(get(&mut first, "/3").await, "/3 false HTTP/1.1");
    echo.arrived.acquire().await.unwrap().forget();
    assert_eq!(echo.arrived.available_permits(), 0, "the second is not let in yet");
    drop(first);
    assert_eq!(waiting.await.unwrap(), "/2 false HTTP/1.1");
    assert_eq!(serving.drain(Duration::from_secs(10)).await, Drained::All);
}

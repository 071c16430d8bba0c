use std::path::PathBuf;
use std::process::Command;
use std::sync::Once;

/// Our client: the example of this crate. `cargo test --test NAME` alone leaves an example as it was, so it is built.
pub fn client() -> PathBuf {
    static BUILD: Once = Once::new();
    BUILD.call_once(build);
    let test = std::env::current_exe().expect("a test knows its own path");
    let client = test.ancestors().nth(2).expect("tests are built below the target folder").join("examples/coffer-cli");
    assert!(client.is_file(), "{} is missing: run this test with cargo, which builds it", client.display());
    client
}

fn build() {
    let Some(cargo) = std::env::var_os("CARGO") else {
        return;
    };
    let features: &[&str] =
        if cfg!(feature = "pure-rust") { &["--no-default-features", "--features", "pure-rust"] } else { &[] };
    let built = Command::new(cargo)
        .args(["build", "--quiet", "-p", "coffer-cli", "--example", "coffer-cli"])
        .args(features)
        .status();
    assert!(built.is_ok_and(|status| status.success()), "our client could not be built");
}

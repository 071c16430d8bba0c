//! The binary: `server` is here, every other command is the client's.

use std::process::ExitCode;
use std::sync::Arc;

use coffer::assemble::{API_VERSION, Api, BUILD_DATE, assemble};
use coffer::config::Config;
use coffer::listen::{Bound, ConnectionLimit, serve};

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let get = |name: &str| {
        args.iter().find_map(|arg| arg.trim_start_matches('-').strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    let dev = args.iter().any(|arg| arg.trim_start_matches('-') == "dev");
    let path = match get("config") {
        Some(path) => path,
        None => {
            let address = get("dev-listen-address").unwrap_or("127.0.0.1:8200".into());
            let path = format!("/tmp/coffer-dev-{}.hcl", std::process::id());
            std::fs::write(
                &path,
                format!(
                    "storage \"inmem\" {{}}\nlistener \"tcp\" {{\n address = \"{address}\"\n tls_disable = true\n}}\n"
                ),
            )
            .unwrap();
            path
        }
    };
    let (config, _) = Config::load(&[path.into()], &|name| std::env::var(name).ok()).unwrap();
    let mut options = coffer_cluster::ClusterOptions::in_memory();
    let mut settings = coffer_core::active::Settings { version: API_VERSION.into(), build_date: BUILD_DATE.into(), ..Default::default() };
    if let coffer::config::Storage::Raft(raft) = &config.storage {
        options.storage = coffer_cluster::StorageMedium::Raft { path: raft.path.clone() };
        options.node_id = raft.node_id.as_ref().map(|id| id.as_str().to_owned());
        settings.storage_type = "raft";
    }
    let assembly = assemble(options, settings, Default::default()).await.unwrap();
    let mut bound = Vec::new();
    for listener in &config.listeners {
        bound.push(Bound::bind(listener).await.unwrap());
    }
    if dev {
        let request = coffer_seal::InitRequest { secret_shares: 1, secret_threshold: 1, ..Default::default() };
        let made =
            assembly.node.init(request, get("dev-root-token-id").map(coffer_core::SecretText::new)).await.unwrap();
        assembly.node.unseal(made.shares[0].clone()).await.unwrap();
    }
    let api = Api::new(Arc::clone(&assembly.node), config.max_request_duration);
    let _serving = serve(bound, &api, ConnectionLimit::from_open_files());
    tokio::signal::ctrl_c().await.unwrap();
    ExitCode::SUCCESS
}

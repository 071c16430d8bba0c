//! What this mode tells whoever started it.

use std::fmt::Write;

use super::child::{Child, Ended};
use super::folder::{Folder, Secrets};
use crate::command::DevFlags;

/// Addresses, processes, keys, and what to export.
pub(super) fn summary(dev: &DevFlags, folder: &Folder, children: &[Child], secrets: Option<&Secrets>) -> String {
    let mut text = String::from(
        "\nWARNING! dev mode is enabled! Three nodes run on this machine, and what opens them is printed here.\n\n",
    );
    for (node, child) in folder.nodes.iter().zip(children) {
        let _ = writeln!(text, "    {}  {}  pid {}", node.name, node.url(), child.pid);
    }
    let _ = writeln!(text, "\nIn another terminal:\n");
    let address = folder.nodes.first().map(super::folder::NodeFiles::url).unwrap_or_default();
    let _ = writeln!(text, "    export VAULT_ADDR='{address}'");
    let _ = writeln!(text, "    export VAULT_CACERT='{}'", folder.authority.display());
    if let Some(secrets) = secrets {
        let _ = writeln!(text, "    export VAULT_TOKEN='{}'", *secrets.root_token);
        let _ = writeln!(text, "\nUnseal Key: {}\nRoot Token: {}", *secrets.unseal_key, *secrets.root_token);
        text.push_str(
            "\nEvery node answers every request. To see a fail-over: kill -9 one of the pids, and ask another.\n",
        );
    } else {
        text.push_str("\nNothing is initialized: begin with \"operator init\" on one of them.\n");
    }
    let _ = match folder.kept() {
        true => writeln!(
            text,
            "\nThe folder {} keeps the data and the unseal key; the same command goes on with it.",
            folder.path.display()
        ),
        false => writeln!(text, "\nThe data is in {} and removed at the end.", folder.path.display()),
    };
    let _ = dev;
    text.push_str("Ctrl-C ends all three. Development mode should NOT be used in production installations!\n\n");
    text
}

/// A node that ended by itself, or was killed to see what happens.
pub(super) fn node_ended(folder: &Folder, end: &Ended, left: usize) -> String {
    let Some(node) = folder.nodes.iter().find(|node| node.name == end.node) else { return String::new() };
    let rest = match left {
        0 => "none is left",
        1 => "one alone is no majority",
        _ => "the other two go on",
    };
    let program = std::env::current_exe().map_or("coffer".to_owned(), |path| path.display().to_string());
    format!(
        "==> {} has ended ({}): {rest}. Start it again with\n      SSL_CERT_FILE='{}' {program} server -config={}\n    \
         and unseal it: it is a node of its own then.\n",
        end.node,
        end.status,
        folder.authority.display(),
        node.config.display()
    )
}

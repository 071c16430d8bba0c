//! The status as a page. It is whole without a script; with one it renews itself and can set servers to drain.

use std::fmt::Write;

use serde_json::Value;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>coffer front</title>
<style>
:root { color-scheme: light dark; --line: #8884; --up: #1a7f37; --down: #cf222e; --drain: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --up: #3fb950; --down: #f85149; --drain: #d29922; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 86rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
h2 small, p.quiet { font-size: .9rem; font-weight: normal; opacity: .7; }
p.quiet { margin: .2rem 0 0; }
p.stale { display: none; color: var(--down); font-weight: 600; }
body.stale main { opacity: .45; }
body.stale p.stale { display: block; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
th, td { white-space: nowrap; }
td.why { white-space: normal; overflow-wrap: anywhere; }
th { font-weight: 600; opacity: .75; }
td.number, th.number { text-align: right; }
td.why { min-width: 11rem; }
td:last-child, th:last-child { padding-right: 0; }
td.act { text-align: right; }
.state { font-weight: 600; }
.up { color: var(--up); } .down { color: var(--down); } .drain { color: var(--drain); }
.badge { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; font-size: .8rem; white-space: nowrap; }
button { font: inherit; white-space: nowrap; }
@media (max-width: 78rem) {
  tr.head { display: none; }
  tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .4rem 1rem; padding: .7rem 0;
       border-bottom: 1px solid var(--line); }
  td, td.number, td.act { border: 0; padding: 0; text-align: left; white-space: normal; overflow-wrap: anywhere; }
  td.why, td.act { grid-column: 1 / -1; min-width: 0; }
  td[data-label]::before { content: attr(data-label); display: block; font-size: .75rem; font-weight: normal;
       color: CanvasText; opacity: .6; }
}
</style>
</head>
<body>
"#;

const SCRIPT: &str = r#"
<script>
const renew = async () => {
  try {
    const answer = await fetch("/", { signal: AbortSignal.timeout(5000) });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    const held = document.activeElement?.dataset?.server;
    document.querySelector("main").replaceWith(fresh);
    if (held) [...document.querySelectorAll("button")].find(button => button.dataset.server === held)?.focus();
    document.body.classList.remove("stale");
  } catch { document.body.classList.add("stale"); }
};
document.addEventListener("click", async event => {
  const path = event.target.dataset?.post;
  if (!path) return;
  await fetch(path, { method: "POST", headers: { "X-Coffer-Front": "page" } });
  renew();
});
setInterval(renew, 2000);
</script>
</body>
</html>
"#;

pub(super) fn render(status: &Value) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("<p class=\"stale\">The proxy does not answer.</p>\n<main>\n<h1>coffer front</h1>\n");
    let uptime = status["uptime_seconds"].as_u64().unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(
        page,
        "<p class=\"quiet\">up for {} &middot; {} connections of {} at most &middot; <a href=\"/status.json\">JSON</a> \
         &middot; <a href=\"/metrics\">metrics</a></p>",
        span(uptime),
        status["connections"],
        status["max_connections"],
    );
    frontends(&mut page, &status["frontends"]);
    for backend in status["backends"].as_array().into_iter().flatten() {
        servers(&mut page, backend, status["admin"] == true);
    }
    page.push_str("</main>");
    page.push_str(SCRIPT);
    page
}

fn frontends(page: &mut String, frontends: &Value) {
    page.push_str("<h2>Frontends</h2>\n<table>\n");
    head(page, &["Name", "Address", "Backend"], &["Connections", "Limit", "In all"], &[]);
    for frontend in frontends.as_array().into_iter().flatten() {
        page.push_str("<tr>");
        cell(page, "Name", "", &text(&frontend["name"]));
        cell(page, "Address", "", &text(&frontend["address"]));
        cell(page, "Backend", "", &text(&frontend["backend"]));
        cell(page, "Connections", "number", &frontend["connections"].to_string());
        cell(page, "Limit", "number", &frontend["max_connections"].to_string());
        cell(page, "In all", "number", &frontend["connections_total"].to_string());
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}

fn servers(page: &mut String, backend: &Value, admin: bool) {
    let servers: Vec<_> = backend["servers"].as_array().into_iter().flatten().collect();
    let up = servers.iter().filter(|server| server["state"] == "up").count();
    let _ = writeln!(
        page,
        "<h2>Backend {} <small>{}, checks: {}, {up} of {} up</small></h2>\n<table>",
        text(&backend["name"]),
        text(&backend["balance"]),
        text(&backend["check"]),
        servers.len(),
    );
    let numbers = ["Connections", "In all", "To server", "To client", "Failed connects"];
    head(
        page,
        &["Server", "Address", "State", "Since"],
        &numbers,
        if admin { &["Last check", ""] } else { &["Last check"] },
    );
    for server in servers {
        page.push_str("<tr>");
        row(page, server);
        if admin {
            button(page, &text(&backend["name"]), server);
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}

fn row(page: &mut String, server: &Value) {
    let state = server["state"].as_str().unwrap_or_default();
    let badge = if server["active_node"] == true { " <span class=\"badge\">active</span>" } else { "" };
    cell(page, "Server", "", &(text(&server["name"]) + badge));
    cell(page, "Address", "", &text(&server["address"]));
    cell(page, "State", &format!("state {state}"), state);
    cell(page, "Since", "", &span(server["since_seconds"].as_u64().unwrap_or_default()));
    cell(page, "Connections", "number", &server["connections"].to_string());
    cell(page, "In all", "number", &server["connections_total"].to_string());
    cell(page, "To server", "number", &bytes(&server["bytes_to_server"]));
    cell(page, "To client", "number", &bytes(&server["bytes_to_client"]));
    cell(page, "Failed connects", "number", &server["connect_failures_total"].to_string());
    cell(page, "Last check", "why", &last_check(server));
}

fn button(page: &mut String, backend: &str, server: &Value) {
    let name = text(&server["name"]);
    let (action, label) = if server["state"] == "drain" { ("ready", "Take back") } else { ("drain", "Drain") };
    let _ = write!(
        page,
        "<td class=\"act\"><button data-server=\"{backend}/{name}\" \
         data-post=\"/backends/{backend}/servers/{name}/{action}\">{label}</button></td>"
    );
}

fn head(page: &mut String, texts: &[&str], numbers: &[&str], more: &[&str]) {
    page.push_str("<tr class=\"head\">");
    for (class, names) in [("", texts), (" class=\"number\"", numbers), ("", more)] {
        for name in names {
            let _ = write!(page, "<th scope=\"col\"{class}>{name}</th>");
        }
    }
    page.push_str("</tr>\n");
}

/// The label stands before the value where the screen is too narrow for a head.
fn cell(page: &mut String, label: &str, class: &str, content: &str) {
    let _ = write!(page, "<td class=\"{class}\" data-label=\"{label}\">{content}</td>");
}

fn last_check(server: &Value) -> String {
    if server["checked"] != true {
        return "not checked".to_owned();
    }
    let check = &server["last_check"];
    let ago = span(check["seconds_ago"].as_u64().unwrap_or_default());
    match (check["passed"].as_bool(), check["failure"].as_str()) {
        (Some(true), _) => format!("good, {:.1} ms, {ago} ago", check["took_ms"].as_f64().unwrap_or_default()),
        (Some(false), Some(failure)) => format!("{}, {ago} ago", escape(failure)),
        _ => "none yet".to_owned(),
    }
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn bytes(value: &Value) -> String {
    let count = value.as_u64().unwrap_or_default() as f64;
    match count {
        0.0..1024.0 => format!("{count:.0} B"),
        1024.0..1_048_576.0 => format!("{:.1} KiB", count / 1024.0),
        1_048_576.0..1_073_741_824.0 => format!("{:.1} MiB", count / 1_048_576.0),
        _ => format!("{:.1} GiB", count / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_cannot_become_markup() {
        let status = serde_json::json!({
            "frontends": [],
            "backends": [{ "name": "b", "servers": [{
                "name": "s", "address": "a:1", "state": "down", "checked": true,
                "last_check": { "passed": false, "failure": "<script>alert(1)</script>", "seconds_ago": 1 },
            }] }],
        });
        let page = render(&status);
        assert!(page.contains("&lt;script&gt;alert(1)"));
        assert!(!page.contains("<script>alert"));
    }
}

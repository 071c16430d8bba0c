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
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p.quiet { margin: .2rem 0 0; opacity: .7; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; opacity: .75; }
td.number, th.number { text-align: right; }
td.why { white-space: normal; min-width: 14rem; }
.state { font-weight: 600; }
.up { color: var(--up); } .down { color: var(--down); } .drain { color: var(--drain); }
.badge { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; font-size: .8rem; }
button { font: inherit; }
</style>
</head>
<body>
"#;

const SCRIPT: &str = r#"
<script>
const renew = async () => {
  try {
    const page = await (await fetch("/")).text();
    const fresh = new DOMParser().parseFromString(page, "text/html").querySelector("main");
    document.querySelector("main").replaceWith(fresh);
    document.title = "coffer front";
  } catch { document.title = "(no answer) coffer front"; }
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
    page.push_str("<main>\n<h1>coffer front</h1>\n");
    let uptime = status["uptime_seconds"].as_u64().unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(
        page,
        "<p class=\"quiet\">up for {} &middot; <a href=\"/status.json\">JSON</a> &middot; <a href=\"/metrics\">metrics</a></p>",
        span(uptime)
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
    page.push_str(
        "<h2>Frontends</h2>\n<div class=\"wide\"><table>\n<tr><th>Name</th><th>Address</th><th>Backend</th>\
         <th class=\"number\">Connections</th><th class=\"number\">Limit</th><th class=\"number\">Total</th></tr>\n",
    );
    for frontend in frontends.as_array().into_iter().flatten() {
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td></tr>",
            text(&frontend["name"]),
            text(&frontend["address"]),
            text(&frontend["backend"]),
            frontend["connections"],
            frontend["max_connections"],
            frontend["connections_total"],
        );
    }
    page.push_str("</table></div>\n");
}

fn servers(page: &mut String, backend: &Value, admin: bool) {
    let name = text(&backend["name"]);
    let _ = writeln!(
        page,
        "<h2>Backend {name}</h2>\n<div class=\"wide\"><table>\n<tr><th>Server</th><th>Address</th><th>State</th>\
         <th>Since</th><th class=\"number\">Connections</th><th class=\"number\">Total</th>\
         <th class=\"number\">To server</th><th class=\"number\">To client</th><th class=\"number\">Failed connects</th>\
         <th>Last check</th>{}</tr>",
        if admin { "<th></th>" } else { "" }
    );
    for server in backend["servers"].as_array().into_iter().flatten() {
        let state = server["state"].as_str().unwrap_or_default();
        let badge = if server["active_node"] == true { " <span class=\"badge\">active</span>" } else { "" };
        let _ = write!(
            page,
            "<tr><td>{}{badge}</td><td>{}</td><td class=\"state {state}\">{state}</td><td>{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"why\">{}</td>",
            text(&server["name"]),
            text(&server["address"]),
            span(server["since_seconds"].as_u64().unwrap_or_default()),
            server["connections"],
            server["connections_total"],
            bytes(&server["bytes_to_server"]),
            bytes(&server["bytes_to_client"]),
            server["connect_failures_total"],
            last_check(server),
        );
        if admin {
            let (action, label) = if state == "drain" { ("ready", "Take back") } else { ("drain", "Drain") };
            let _ = write!(
                page,
                "<td><button data-post=\"/backends/{name}/servers/{}/{action}\">{label}</button></td>",
                text(&server["name"])
            );
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table></div>\n");
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

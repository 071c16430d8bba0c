//! The machine and its system.

use std::io;

use serde_json::{Value, json};

/// The machine's name; empty where it has none.
pub(in super::super) fn hostname() -> String {
    read("/proc/sys/kernel/hostname")
}

/// `now`: seconds since 1970.
pub(super) fn facts(now: i64) -> io::Result<Value> {
    let uptime = std::fs::read_to_string("/proc/uptime")?;
    let uptime = uptime.split('.').next().and_then(|seconds| seconds.parse::<i64>().ok()).unwrap_or(0);
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let platform = os_release(&release, "ID");
    let family = os_release(&release, "ID_LIKE").split(' ').next().unwrap_or_default().to_owned();
    Ok(json!({
        "hostname": hostname(),
        "uptime": uptime,
        "bootTime": now.saturating_sub(uptime),
        "procs": processes(),
        "os": std::env::consts::OS,
        "platform": platform,
        "platformFamily": if family.is_empty() { platform.clone() } else { family },
        "platformVersion": os_release(&release, "VERSION_ID"),
        "kernelVersion": read("/proc/sys/kernel/osrelease"),
        "kernelArch": std::env::consts::ARCH,
        "virtualizationSystem": "",
        "virtualizationRole": "",
        "hostid": host_id(),
    }))
}

fn host_id() -> String {
    let ids = [read("/sys/class/dmi/id/product_uuid"), read("/etc/machine-id")];
    ids.into_iter().find(|id| !id.is_empty()).unwrap_or_default().to_lowercase()
}

fn processes() -> usize {
    let numbered = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().bytes().all(|c| c.is_ascii_digit());
    std::fs::read_dir("/proc").map_or(0, |entries| entries.flatten().filter(numbered).count())
}

fn os_release(text: &str, key: &str) -> String {
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    value.unwrap_or_default().trim_matches('"').to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_named_as_it_names_itself() {
        let text = "PRETTY_NAME=\"A 1\"\nID=debian\nVERSION_ID=\"12\"\n";
        assert_eq!((os_release(text, "ID").as_str(), os_release(text, "VERSION_ID").as_str()), ("debian", "12"));
        assert_eq!(os_release(text, "ID_LIKE"), "");
    }
}

//! Partitions that lie on a disk, and how full they are.

use std::collections::BTreeSet;
use std::io;

use serde_json::{Value, json};

/// Partitions shown at most.
const MAX_PARTITIONS: usize = 64;

pub(super) fn partitions() -> io::Result<Value> {
    let mounts = std::fs::read_to_string("/proc/self/mounts")?;
    Ok(on_disk(&mounts).into_iter().filter_map(|(path, kind)| usage(&path, &kind)).collect())
}

/// Path and type of what is mounted from a device, once a device.
fn on_disk(mounts: &str) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for line in mounts.lines() {
        let mut fields = line.split(' ');
        let (Some(device), Some(path), Some(kind)) = (fields.next(), fields.next(), fields.next()) else { continue };
        if device.starts_with("/dev/") && seen.insert(device) && found.len() < MAX_PARTITIONS {
            found.push((unescape(path), kind.to_owned()));
        }
    }
    found
}

/// Blanks are written as octal codes.
fn unescape(path: &str) -> String {
    path.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

fn usage(path: &str, kind: &str) -> Option<Value> {
    let stat = rustix::fs::statvfs(path).ok()?;
    let (total, free) = (stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize);
    let used = (stat.f_blocks - stat.f_bfree.min(stat.f_blocks)) * stat.f_frsize;
    let inodes_used = stat.f_files.saturating_sub(stat.f_ffree);
    let percent = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
    Some(json!({
        "path": path,
        "fstype": kind,
        "total": total,
        "free": free,
        "used": used,
        "usedPercent": percent(used, used.saturating_add(free)),
        "inodesTotal": stat.f_files,
        "inodesUsed": inodes_used,
        "inodesFree": stat.f_ffree,
        "inodesUsedPercent": percent(inodes_used, stat.f_files),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_on_no_disk_is_left_out() {
        let mounts = "/dev/vda / ext4 rw 0 0\nproc /proc proc rw 0 0\n/dev/vda /mnt/again ext4 rw 0 0\n/dev/vdb /a\\040b xfs rw 0 0\n";
        let wanted = [("/".to_owned(), "ext4".to_owned()), ("/a b".to_owned(), "xfs".to_owned())];
        assert_eq!(on_disk(mounts), wanted);
    }

    #[test]
    fn a_partition_has_a_size() {
        let root = usage("/", "any").unwrap();
        assert!(root["total"].as_u64().unwrap() > 0);
    }
}

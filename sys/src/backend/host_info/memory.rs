//! Memory.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

/// Names of the answer and of `/proc/meminfo`.
const FIELDS: &[(&str, &str)] = &[
    ("total", "MemTotal"),
    ("available", "MemAvailable"),
    ("free", "MemFree"),
    ("active", "Active"),
    ("inactive", "Inactive"),
    ("buffers", "Buffers"),
    ("writeback", "Writeback"),
    ("dirty", "Dirty"),
    ("writebacktmp", "WritebackTmp"),
    ("shared", "Shmem"),
    ("slab", "Slab"),
    ("sreclaimable", "SReclaimable"),
    ("sunreclaim", "SUnreclaim"),
    ("pagetables", "PageTables"),
    ("swapcached", "SwapCached"),
    ("commitlimit", "CommitLimit"),
    ("committedas", "Committed_AS"),
    ("hightotal", "HighTotal"),
    ("highfree", "HighFree"),
    ("lowtotal", "LowTotal"),
    ("lowfree", "LowFree"),
    ("swaptotal", "SwapTotal"),
    ("swapfree", "SwapFree"),
    ("mapped", "Mapped"),
    ("vmalloctotal", "VmallocTotal"),
    ("vmallocused", "VmallocUsed"),
    ("vmallocchunk", "VmallocChunk"),
    ("hugepagestotal", "HugePages_Total"),
    ("hugepagesfree", "HugePages_Free"),
    ("hugepagesize", "Hugepagesize"),
];

pub(super) fn facts() -> io::Result<Value> {
    Ok(parse(&std::fs::read_to_string("/proc/meminfo")?))
}

fn parse(meminfo: &str) -> Value {
    let values: BTreeMap<&str, u64> = meminfo.lines().filter_map(line).collect();
    let value = |name: &str| values.get(name).copied().unwrap_or(0);
    let mut facts = json!({ "wired": 0, "laundry": 0 });
    for (shown, name) in FIELDS {
        facts[*shown] = json!(value(name));
    }
    facts["cached"] = json!(value("Cached") + value("SReclaimable"));
    let used = value("MemTotal").saturating_sub(value("MemAvailable"));
    facts["used"] = json!(used);
    facts["usedPercent"] =
        json!(if value("MemTotal") == 0 { 0.0 } else { used as f64 * 100.0 / value("MemTotal") as f64 });
    facts
}

/// Kilobytes become bytes; counts stay.
fn line(line: &str) -> Option<(&str, u64)> {
    let (name, value) = line.split_once(':')?;
    let value = value.trim();
    match value.strip_suffix(" kB") {
        Some(kilobytes) => Some((name, kilobytes.trim().parse::<u64>().ok()?.checked_mul(1024)?)),
        None => Some((name, value.parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_and_counts_are_counts() {
        let facts = parse("MemTotal:       4 kB\nMemAvailable:  1 kB\nHugePages_Total:   7\nCached: 2 kB\nnonsense\n");
        assert_eq!((&facts["total"], &facts["used"]), (&json!(4096), &json!(3072)));
        assert_eq!((&facts["usedPercent"], &facts["hugepagestotal"]), (&json!(75.0), &json!(7)));
        assert_eq!((&facts["cached"], &facts["swaptotal"]), (&json!(2048), &json!(0)));
    }
}

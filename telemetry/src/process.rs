//! The process itself, from `/proc`.

use std::time::Instant;

use crate::Gauge;

/// Clock ticks a second that `/proc` counts in; the kernel has fixed it for programs.
const TICKS: f64 = 100.0;

/// Memory, time and open files of this process, with Prometheus' names; what can't be read is left out. `started`: when
/// the process began.
pub fn process_gauges(started: Instant) -> Vec<Gauge> {
    let mut gauges = vec![Gauge::new(
        "coffer.process.uptime_seconds",
        "Seconds since the process started.",
        started.elapsed().as_secs_f64().floor(),
    )];
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(bytes) = kilobytes(&status, "VmRSS:") {
        gauges.push(Gauge::new("process.resident_memory_bytes", "Resident memory size in bytes.", bytes));
    }
    if let Some(bytes) = kilobytes(&status, "VmSize:") {
        gauges.push(Gauge::new("process.virtual_memory_bytes", "Virtual memory size in bytes.", bytes));
    }
    if let Some(threads) = value(&status, "Threads:").and_then(|text| text.parse().ok()) {
        gauges.push(Gauge::new("process.threads", "Threads of the process.", threads));
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        gauges.push(Gauge::new("process.open_fds", "Number of open file descriptors.", files.count() as f64));
    }
    if let Some(seconds) = cpu_seconds(&std::fs::read_to_string("/proc/self/stat").unwrap_or_default()) {
        gauges.push(Gauge::new("process.cpu_seconds_total", "User and system time spent, in seconds.", seconds));
    }
    gauges
}

fn value<'t>(status: &'t str, key: &str) -> Option<&'t str> {
    status.lines().find_map(|line| line.strip_prefix(key)).map(str::trim)
}

fn kilobytes(status: &str, key: &str) -> Option<f64> {
    value(status, key)?.strip_suffix("kB")?.trim().parse::<f64>().ok().map(|number| number * 1024.0)
}

/// The name in parentheses may hold anything, so fields are counted behind it.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_the_kernel_writes_them() {
        let status = "Name:\tcoffer\nVmSize:\t   2048 kB\nVmRSS:\t    12 kB\nThreads:\t9\n";
        assert_eq!(kilobytes(status, "VmRSS:"), Some(12.0 * 1024.0));
        assert_eq!(value(status, "Threads:"), Some("9"));
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds("nonsense"), None);
    }
}

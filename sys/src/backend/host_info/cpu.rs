//! Processors and the time they have spent.

use std::io;

use serde_json::{Value, json};

/// Clock ticks a second that `/proc/stat` counts in.
const TICKS: f64 = 100.0;

pub(super) fn cores() -> io::Result<Value> {
    Ok(parse_cores(&std::fs::read_to_string("/proc/cpuinfo")?))
}

pub(super) fn times() -> io::Result<Value> {
    Ok(parse_times(&std::fs::read_to_string("/proc/stat")?))
}

fn parse_cores(cpuinfo: &str) -> Value {
    cpuinfo.split("\n\n").filter(|core| core.contains("processor")).map(core).collect()
}

fn core(text: &str) -> Value {
    let value = |key: &str| {
        let line = text.lines().find(|line| line.split(':').next().is_some_and(|name| name.trim() == key));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim()).unwrap_or_default()
    };
    let number = |key: &str| value(key).parse::<i64>().unwrap_or(0);
    let cache = value("cache size").split_whitespace().next().and_then(|size| size.parse::<i64>().ok());
    json!({
        "cpu": number("processor"),
        "vendorId": value("vendor_id"),
        "family": value("cpu family"),
        "model": value("model"),
        "stepping": number("stepping"),
        "physicalId": value("physical id"),
        "coreId": value("core id"),
        "cores": 1,
        "modelName": value("model name"),
        "mhz": value("cpu MHz").parse::<f64>().unwrap_or(0.0),
        "cacheSize": cache.unwrap_or(0),
        "flags": value("flags").split_whitespace().collect::<Vec<_>>(),
        "microcode": value("microcode"),
    })
}

fn parse_times(stat: &str) -> Value {
    let cores = stat.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "));
    cores.map(core_times).collect()
}

fn core_times(line: &str) -> Value {
    let mut fields = line.split_whitespace();
    let name = fields.next().unwrap_or_default();
    let ticks: Vec<f64> = fields.map(|field| field.parse().unwrap_or(0.0)).collect();
    let seconds = |index: usize| ticks.get(index).copied().unwrap_or(0.0) / TICKS;
    json!({
        "cpu": name,
        "user": seconds(0),
        "nice": seconds(1),
        "system": seconds(2),
        "idle": seconds(3),
        "iowait": seconds(4),
        "irq": seconds(5),
        "softirq": seconds(6),
        "steal": seconds(7),
        "guest": seconds(8),
        "guestNice": seconds(9),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_core_is_told_of() {
        let text = "processor\t: 0\nvendor_id\t: X\nmodel\t\t: 17\nmodel name\t: X 1: fast\ncpu MHz\t\t: 2596.5\n\
                    cache size\t: 1024 KB\nflags\t\t: fpu aes\n\nprocessor\t: 1\n\n";
        let cores = parse_cores(text);
        assert_eq!(cores.as_array().unwrap().len(), 2);
        let first = &cores[0];
        assert_eq!((&first["modelName"], &first["model"]), (&json!("X 1: fast"), &json!("17")));
        assert_eq!((&first["mhz"], &first["cacheSize"]), (&json!(2596.5), &json!(1024)));
        assert_eq!(first["flags"], json!(["fpu", "aes"]));
        assert_eq!(cores[1]["cpu"], 1);
    }

    #[test]
    fn ticks_become_seconds() {
        let times = parse_times("cpu  1 2 3\ncpu0 100 50 25 400\nintr 1\n");
        assert_eq!(times.as_array().unwrap().len(), 1);
        assert_eq!((&times[0]["user"], &times[0]["idle"]), (&json!(1.0), &json!(4.0)));
        assert_eq!(times[0]["steal"], json!(0.0));
    }
}

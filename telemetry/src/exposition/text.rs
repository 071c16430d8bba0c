//! Prometheus' text form, version 0.0.4.

use std::fmt::Write;

use prometheus::TextEncoder;
use prometheus::proto::MetricType;

use crate::name::underscored;
use crate::{Gauge, Telemetry};

/// The gauges, and everything recorded where `telemetry` is given.
pub fn prometheus_text(gauges: &[Gauge], telemetry: Option<&Telemetry>) -> String {
    let mut out = String::new();
    for (at, first) in gauges.iter().enumerate() {
        if gauges[..at].iter().any(|before| before.name == first.name) {
            continue;
        }
        let name = underscored(first.name);
        let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} gauge", first.help);
        // Readers want all samples of a name in one group.
        for gauge in gauges[at..].iter().filter(|gauge| gauge.name == first.name) {
            let _ = writeln!(out, "{name}{} {}", labels(&gauge.labels), gauge.value);
        }
    }
    if let Some(telemetry) = telemetry {
        let mut families = telemetry.gather();
        for family in families.iter_mut().filter(|family| family.get_field_type() == MetricType::HISTOGRAM) {
            // Instruments exist for every mount type and operation; those never used would be most of the page.
            family.mut_metric().retain(|metric| metric.get_histogram().get_sample_count() > 0);
        }
        families.retain(|family| !family.get_metric().is_empty());
        let _ = TextEncoder::new().encode_utf8(&families, &mut out);
    }
    out
}

fn labels(labels: &[(&'static str, String)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn gauges_alone_are_what_anybody_may_see() {
        let gauges = [
            Gauge::new("vault.core.unsealed", "Keys are held.", 1.0),
            Gauge::new("coffer.node_state", "The state.", 1.0).with("state", "a\"b"),
        ];
        let text = prometheus_text(&gauges, None);
        assert!(text.contains("# TYPE vault_core_unsealed gauge\nvault_core_unsealed 1\n"), "{text}");
        assert!(text.contains("coffer_node_state{state=\"a\\\"b\"} 1\n"), "{text}");
    }

    #[test]
    fn samples_of_one_name_are_one_group() {
        let of = |name, member: &str| Gauge::new(name, "Of a member.", 1.0).with("node_id", member);
        let text = prometheus_text(&[of("a", "x"), of("b", "x"), of("a", "y"), of("b", "y")], None);
        let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(samples, ["a{node_id=\"x\"} 1", "a{node_id=\"y\"} 1", "b{node_id=\"x\"} 1", "b{node_id=\"y\"} 1"]);
        assert_eq!(text.matches("# TYPE").count(), 2, "{text}");
    }

    #[test]
    fn what_is_recorded_is_shown_and_what_never_happened_is_not() {
        let telemetry = Telemetry::new();
        telemetry.handle_request.record(Duration::from_millis(3));
        telemetry.route("read", "kv").record(Duration::from_millis(1));
        telemetry.route("delete", "kv");
        let text = prometheus_text(&[], Some(&telemetry));
        assert!(text.contains("vault_core_handle_request_count 1\n"), "{text}");
        assert!(text.contains("vault_core_handle_request_sum 3\n"), "{text}");
        assert!(text.contains("vault_route_read_count{mount_type=\"kv\"} 1\n"), "{text}");
        assert!(!text.contains("vault_route_delete"), "{text}");
    }
}

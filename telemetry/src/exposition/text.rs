//! Prometheus' text form, version 0.0.4.

use std::fmt::Write;

use prometheus::TextEncoder;
use prometheus::proto::MetricType;

use crate::name::underscored;
use crate::{Gauge, Telemetry};

/// The gauges, and everything recorded where `telemetry` is given.
pub fn prometheus_text(gauges: &[Gauge], telemetry: Option<&Telemetry>) -> String {
    let mut out = String::new();
    let mut before = "";
    for gauge in gauges {
        if gauge.name != before {
            let name = underscored(gauge.name);
            let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} gauge", gauge.help);
            before = gauge.name;
        }
        let _ = writeln!(out, "{}{} {}", underscored(gauge.name), labels(&gauge.labels), gauge.value);
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

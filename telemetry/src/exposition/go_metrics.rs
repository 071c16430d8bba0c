//! The JSON of Vault's in-memory sink: gauges as they are, counts and times over an interval of at least ten seconds.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::intervals::Interval;
use crate::name::Name;
use crate::window::Summary;
use crate::{Gauge, Telemetry};

/// The gauges, and everything recorded where `telemetry` is given.
pub fn json(gauges: &[Gauge], telemetry: Option<&Telemetry>) -> Value {
    let now = std::time::SystemTime::now();
    let interval = telemetry.map(Telemetry::interval);
    let summaries = |pick: fn(&Interval) -> &Vec<(Name, Summary)>| -> Vec<Value> {
        let Some(interval) = &interval else { return Vec::new() };
        pick(interval).iter().map(|(name, summary)| entry(name, summary, interval)).collect()
    };
    let mut shown: Vec<_> = gauges.iter().collect();
    shown.sort_by(|a, b| (a.name, &a.labels).cmp(&(b.name, &b.labels)));
    json!({
        "Timestamp": timestamp(interval.as_ref().map_or(now, |interval| interval.begun_at)),
        "Gauges": shown.iter().map(|gauge| {
            json!({ "Name": gauge.name, "Value": number(gauge.value), "Labels": labels(&gauge.labels) })
        }).collect::<Vec<_>>(),
        "Points": [],
        "Counters": summaries(|interval| &interval.counts),
        "Samples": summaries(|interval| &interval.timings),
    })
}

fn entry(name: &Name, summary: &Summary, interval: &Interval) -> Value {
    let seconds = interval.length.as_secs_f64();
    json!({
        "Name": name.dotted,
        "Count": summary.count,
        "Rate": number(if seconds > 0.0 { summary.sum / seconds } else { 0.0 }),
        "Sum": number(summary.sum),
        "Min": number(summary.min),
        "Max": number(summary.max),
        "Mean": number(summary.mean()),
        "Stddev": number(summary.deviation()),
        "Labels": labels(&name.labels),
    })
}

fn labels(labels: &[(&'static str, String)]) -> Map<String, Value> {
    labels.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
}

/// Whole numbers without a fraction, as Go writes them.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}

fn timestamp(at: std::time::SystemTime) -> String {
    OffsetDateTime::from(at)
        .format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second] +0000 UTC"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_shape_is_that_of_vaults_sink() {
        let telemetry = Telemetry::new();
        telemetry.barrier_get.record(Duration::from_millis(2));
        telemetry.barrier_get.record(Duration::from_millis(4));
        telemetry.audit_request_failure.one();
        let body = json(&[Gauge::new("vault.core.active", "", 1.0)], Some(&telemetry));
        assert_eq!(body["Gauges"], json!([{"Name": "vault.core.active", "Value": 1, "Labels": {}}]));
        assert_eq!(body["Points"], json!([]));
        let sample = &body["Samples"][0];
        assert_eq!((&sample["Name"], &sample["Count"]), (&json!("vault.barrier.get"), &json!(2)));
        assert_eq!((&sample["Sum"], &sample["Min"], &sample["Max"]), (&json!(6), &json!(2), &json!(4)));
        assert_eq!(sample["Mean"], 3);
        assert!((sample["Stddev"].as_f64().unwrap() - 2f64.sqrt()).abs() < 1e-9);
        assert_eq!(body["Counters"][0]["Name"], "vault.audit.log_request_failure");
        assert!(body["Timestamp"].as_str().unwrap().ends_with(" +0000 UTC"));
    }

    #[test]
    fn without_leave_nothing_recorded_is_told() {
        let telemetry = Telemetry::new();
        telemetry.handle_request.record(Duration::from_millis(2));
        let body = json(&[], None);
        assert_eq!((&body["Samples"], &body["Counters"]), (&json!([]), &json!([])));
    }
}

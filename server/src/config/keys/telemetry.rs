//! The `telemetry` block.

use super::Scope;
use super::Standing::{Unused, Used};

const SCRAPED: &str = "metrics are read from /v1/sys/metrics and sent nowhere";
const BOUNDED: &str = "labels are bounded by construction";

pub(crate) const TELEMETRY: Scope = Scope {
    name: "telemetry",
    keys: &[
        ("prometheus_retention_time", Used),
        ("disable_hostname", Used),
        ("enable_hostname_label", Unused("let the scraper add the label")),
        ("metrics_prefix", Unused("names are Vault's own")),
        ("usage_gauge_period", Unused("gauges are computed when they are read")),
        ("maximum_gauge_cardinality", Unused(BOUNDED)),
        ("lease_metrics_epsilon", Unused(BOUNDED)),
        ("num_lease_metrics_buckets", Unused(BOUNDED)),
        ("add_lease_metrics_namespace_labels", Unused(BOUNDED)),
        ("add_mount_point_rollback_metrics", Unused(BOUNDED)),
        ("rollback_metrics_include_mount_point", Unused(BOUNDED)),
        ("filter_default", Unused("let the scraper drop what it does not want")),
        ("prefix_filter", Unused("let the scraper drop what it does not want")),
        ("statsite_address", Unused(SCRAPED)),
        ("statsd_address", Unused(SCRAPED)),
        ("dogstatsd_addr", Unused(SCRAPED)),
        ("dogstatsd_tags", Unused(SCRAPED)),
        ("circonus_api_token", Unused(SCRAPED)),
        ("circonus_api_app", Unused(SCRAPED)),
        ("circonus_api_url", Unused(SCRAPED)),
        ("circonus_submission_interval", Unused(SCRAPED)),
        ("circonus_submission_url", Unused(SCRAPED)),
        ("circonus_check_id", Unused(SCRAPED)),
        ("circonus_check_force_metric_activation", Unused(SCRAPED)),
        ("circonus_check_instance_id", Unused(SCRAPED)),
        ("circonus_check_search_tag", Unused(SCRAPED)),
        ("circonus_check_tags", Unused(SCRAPED)),
        ("circonus_check_display_name", Unused(SCRAPED)),
        ("circonus_broker_id", Unused(SCRAPED)),
        ("circonus_broker_select_tag", Unused(SCRAPED)),
        ("stackdriver_project_id", Unused(SCRAPED)),
        ("stackdriver_location", Unused(SCRAPED)),
        ("stackdriver_namespace", Unused(SCRAPED)),
        ("stackdriver_debug_logs", Unused(SCRAPED)),
    ],
};

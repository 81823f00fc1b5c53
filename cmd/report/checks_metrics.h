#pragma once
#include <string>

#include "cmd/report/check_report.h"

namespace cutover {

/// Prometheus' text format: what blackbox_exporter measures under its names (`probe_success`,
/// `probe_ssl_earliest_cert_expiry`, `probe_ssl_last_chain_expiry_timestamp_seconds`, `probe_ssl_last_chain_info`,
/// `probe_tls_version_info`, `probe_http_status_code`, `probe_duration_seconds`), by name, address, port and side; and
/// every check as `cutover_check` (1: passed, 0: failed; what is neither is left out).
/// https://prometheus.io/docs/instrumenting/exposition_formats/
std::string checks_as_metrics(const CheckReport& report);

}  // namespace cutover

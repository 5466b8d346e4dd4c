import { MetricType } from "../model/metric-type.ts";

/** What a family's HELP and TYPE lines say. */
export interface OwnFamilyHead {
  readonly type: MetricType;
  readonly help: string;
}

const counter = (help: string): OwnFamilyHead => ({ type: MetricType.counter, help });
const gauge = (help: string): OwnFamilyHead => ({ type: MetricType.gauge, help });
const summary = (help: string): OwnFamilyHead => ({ type: MetricType.summary, help });

/**
 * Every family that the server can expose about itself, sorted by name. The names, types and help texts that the Go
 * Pushgateway and its client library expose are theirs, letter by letter, so that dashboards and alerts keep working.
 */
export const OWN_FAMILIES = {
  process_cpu_seconds_total: counter("Total user and system CPU time spent in seconds."),
  process_max_fds: gauge("Maximum number of open file descriptors."),
  process_network_receive_bytes_total: counter("Number of bytes received by the process over the network."),
  process_network_transmit_bytes_total: counter("Number of bytes sent by the process over the network."),
  process_open_fds: gauge("Number of open file descriptors."),
  process_resident_memory_bytes: gauge("Resident memory size in bytes."),
  process_start_time_seconds: gauge("Start time of the process since unix epoch in seconds."),
  process_virtual_memory_bytes: gauge("Virtual memory size in bytes."),
  process_virtual_memory_max_bytes: gauge("Maximum amount of virtual memory available in bytes."),
  pushgateway_audit_lines_total: counter("Total number of lines written to the audit log."),
  pushgateway_audit_lost_lines_total: counter("Total number of lines of the audit log that could not be written."),
  pushgateway_audit_up: gauge("Whether the audit log can be written."),
  pushgateway_audit_waiting_lines: gauge("Number of lines of the audit log that are not written yet."),
  pushgateway_access_file_healthy: gauge(
    "Whether the access file as it is now is in use; 0 while the last good one is.",
  ),
  pushgateway_build_info: gauge(
    "A metric with a constant '1' value labeled by version, revision, branch, goversion from which pushgateway was built, and the goos and goarch for the build.",
  ),
  pushgateway_cluster_append_duration_seconds: summary(
    "How long changes took until the shared log had given them their place.",
  ),
  pushgateway_cluster_append_retries_total: counter("Total number of times that a change was sent to the log again."),
  pushgateway_cluster_clock_skew_seconds: gauge("Seconds by which the own clock is ahead of that of the shared log."),
  pushgateway_cluster_folded_batches_total: counter(
    "Total number of batches of the shared log that were carried out, by who wrote them.",
  ),
  pushgateway_cluster_head: gauge("Position of the newest batch of the shared log."),
  pushgateway_cluster_lag_seconds: gauge("Seconds since this replica had all that is in the shared log; 0 if it has."),
  pushgateway_cluster_log_size_bytes: gauge("Bytes that the shared log takes up, of one copy and without snapshots."),
  pushgateway_cluster_position: gauge("Position up to which this replica has all of the shared log."),
  pushgateway_cluster_redone_pushes_total: counter(
    "Total number of times that a push was done again because others had changed what it was judged by.",
  ),
  pushgateway_cluster_snapshot_size_bytes: gauge("Bytes of the newest snapshot that this replica stored or loaded."),
  pushgateway_cluster_snapshot_timestamp_seconds: gauge("Unix time of the newest snapshot that it stored or loaded."),
  pushgateway_cluster_up: gauge("Whether this replica takes pushes: it has caught up, and the shared log answers."),
  pushgateway_cluster_waiting_pushes: gauge("Number of changes that wait for their place in the shared log."),
  pushgateway_conflicting_families: gauge(
    "Number of metric families of groups that are left out of the exposition because they contradict others.",
  ),
  pushgateway_groups_expired_total: counter("Total number of groups whose time to live was over."),
  pushgateway_http_push_duration_seconds: summary("HTTP request duration for pushes to the Pushgateway."),
  pushgateway_http_push_size_bytes: summary("HTTP request size for pushes to the Pushgateway."),
  pushgateway_http_refused_total: counter(
    "Total HTTP requests refused for another reason than their content, by reason.",
  ),
  pushgateway_http_requests_total: counter("Total HTTP requests processed by the Pushgateway, excluding scrapes."),
  pushgateway_idempotency_keys: gauge("Number of idempotency keys of pushes that are remembered."),
  pushgateway_idempotency_keys_dropped_total: counter(
    "Total number of idempotency keys that were forgotten before their time, for their group had too many.",
  ),
  pushgateway_internal_errors_total: counter("Total HTTP requests that failed by a fault of the Pushgateway itself."),
  pushgateway_limit_reached_total: counter("Total number of times that a limit was reached, by the flag that sets it."),
  pushgateway_persistence_commit_seconds_total: counter("Total time that commits to the persistence file took."),
  pushgateway_persistence_commits_total: counter("Total number of commits to the persistence file."),
  pushgateway_persistence_errors_total: counter("Total number of commits to the persistence file that failed."),
  pushgateway_persistence_healthy: gauge("Whether the last commit to the persistence file succeeded."),
  pushgateway_persistence_last_commit_timestamp_seconds: gauge(
    "Last Unix time when a commit to the persistence file succeeded.",
  ),
  pushgateway_persistence_up: gauge("Whether metrics are kept in the persistence file; 0 while it cannot be made."),
  pushgateway_persistence_waiting_groups: gauge("Number of changed groups that are not committed yet."),
  pushgateway_principal_forbidden_total: counter("Total number of requests of a principal that may not make them."),
  pushgateway_principal_groups: gauge("Number of groups that count for a principal: those that it may push to."),
  pushgateway_principal_max_groups: gauge("Number of groups that may count for a principal."),
  pushgateway_principal_max_pushes_per_second: gauge("Number of pushes a second that a principal may make."),
  pushgateway_principal_max_series: gauge("Number of series that may count for a principal."),
  pushgateway_principal_max_size_bytes: gauge("Bytes of metrics that may count for a principal."),
  pushgateway_principal_pushes_total: counter("Total number of pushes of a principal, accepted or not."),
  pushgateway_principal_refused_pushes_total: counter(
    "Total number of pushes of a principal that went over one of its limits, by the limit.",
  ),
  pushgateway_principal_series: gauge("Number of series in the groups that count for a principal."),
  pushgateway_principal_size_bytes: gauge(
    "Bytes of lines, records and help texts in the groups that count for a principal.",
  ),
  pushgateway_rejected_pushes_total: counter("Total number of pushes that were rejected, by reason."),
  pushgateway_repeated_pushes_total: counter(
    "Total number of pushes that were answered and not added, for their idempotency key was that of the same push.",
  ),
  pushgateway_store_chunk_bytes: gauge("Bytes of exposition text that the store holds."),
  pushgateway_store_families: gauge("Number of metric families in the store."),
  pushgateway_store_groups: gauge("Number of groups in the store."),
  pushgateway_store_held_bytes: gauge(
    "Bytes of memory of replaced metrics that the store keeps for scrapes which are still being sent.",
  ),
  pushgateway_store_page_bytes: gauge("Bytes of memory that the pages of the store take up."),
  pushgateway_store_series: gauge("Number of series in the store."),
  pushgateway_store_size_bytes: gauge("Bytes that the store takes up, as they are counted for --store.max-size."),
} as const satisfies Record<string, OwnFamilyHead>;

export type OwnFamilyName = keyof typeof OWN_FAMILIES;

/**
 * Type and help of every family that `OwnMetrics.gather` can return, by name, whether it has series yet or not. Pushes
 * of these names with another type have to be refused, or a scrape would expose one name with two types.
 */
export function ownFamilyTypes(): ReadonlyMap<string, OwnFamilyHead> {
  return new Map(Object.entries(OWN_FAMILIES));
}

import { METRIC_TYPE_NAMES, METRIC_TYPE_WORDS, type MetricType } from "../model/metric-type.ts";
import { quoteText } from "../model/quote.ts";
import type { LeftOutFamily, StoreReporter } from "../model/store-reporter.ts";
import type { Store } from "../store/store.ts";
import { cutText, type Log } from "../telemetry/log.ts";
import { LogQuota } from "../telemetry/log-quota.ts";
import type { AuditTrail } from "./audit-trail.ts";

const LINES_PER_MINUTE = 10;
/** Of a name and of a help text in one field of a log line. */
const MAX_TEXT_CHARACTERS = 1500;

const INCONSISTENT_HELP =
  "Metric families have inconsistent help strings. The latter will have priority. This is bad. Fix your pushed metrics!";
const OVERLAP =
  "Metric family has the same name as a metric family used by the Pushgateway itself but it has a different help string. " +
  "Changing it to the standard help string. This is bad. Fix your pushed metrics!";

/**
 * Logs what is odd in the store, in a limited number of lines a minute of each kind, and tells the audit log of groups
 * that expire.
 */
export class StoreReports implements StoreReporter {
  private readonly leftOutQuota: LogQuota;
  private readonly helpQuota: LogQuota;

  constructor(
    private readonly log: Log,
    private readonly auditTrail: AuditTrail,
    now: () => number,
  ) {
    this.leftOutQuota = new LogQuota(LINES_PER_MINUTE, now);
    this.helpQuota = new LogQuota(LINES_PER_MINUTE, now);
  }

  leftOut({ name, type, group, why }: LeftOutFamily): void {
    const unlogged = this.leftOutQuota.take();
    if (unlogged === null) return;
    this.log.warn("metric family left out of the exposition", {
      family: name,
      type: METRIC_TYPE_WORDS[type],
      ...(group === null ? {} : { group: group() }),
      err: why(),
      ...told(unlogged),
    });
  }

  shown({ name, type }: { readonly name: string; readonly type: MetricType }): void {
    const unlogged = this.leftOutQuota.take();
    if (unlogged === null) return;
    const fields = { family: name, type: METRIC_TYPE_WORDS[type], ...told(unlogged) };
    this.log.info("metric family no longer left out of the exposition", fields);
  }

  /** How many did is logged by removal-log.ts. */
  expired(key: Uint8Array): void {
    this.auditTrail.expired(key);
  }

  /** Logs help texts that became inconsistent since the last time; to be called once a scrape. */
  tellHelps(store: Store): void {
    while (this.helpQuota.hasRoom) {
      const found = store.takeInconsistentHelp();
      if (found === null) return;
      this.helpQuota.take();
      const { name, type, shown, other } = found;
      const family = (help: string | null) =>
        `name:${quoteText(cutText(name, MAX_TEXT_CHARACTERS))}${help === null ? "" : `  help:${quoteText(cutText(help, MAX_TEXT_CHARACTERS))}`}  type:${METRIC_TYPE_NAMES[type]}`;
      if (found.isOwn)
        this.log.info("metric families overlap", {
          err: OVERLAP,
          metric_family: family(other),
          standard_help: shown ?? "",
        });
      else
        this.log.info("metric families inconsistent help strings", {
          err: INCONSISTENT_HELP,
          new: family(other),
          old: family(shown),
        });
    }
  }
}

/** How many lines were left out before this one, if there were any. */
const told = (unlogged: number) => (unlogged === 0 ? {} : { unlogged });

/** @jsxImportSource preact */
import type {
  AuditFigures,
  ClusterFigures,
  PersistenceFigures,
  ProcessFigures,
  PushFigures,
  RuntimeAnswer,
  ScrapeFigures,
} from "./answers.ts";
import { Card, KeyValues, Meter, Spark } from "./card.tsx";
import type { Page } from "./page.ts";
import { Quotas } from "./quota-card.tsx";
import { BadPill, OkPill, Seen, WarnPill } from "./text.tsx";
import { agoText, binarySizeText, countText, durationText, rateText, sizeText } from "./words.ts";

/** Clients that are listed. */
const CLIENTS = 3;

/** How the server does, part by part; of some parts the reader may not be told. */
export function StatusCards({ page, runtime }: { page: Page; runtime: RuntimeAnswer }) {
  const nowSeconds = page.nowSeconds.value;
  const { cluster, persistence, process, pushes, quotas, scrapes, store } = runtime;
  return (
    <div class="cards">
      {pushes !== null && <Pushes pushes={pushes} runtime={runtime} />}
      {scrapes !== null && <Scrapes scrapes={scrapes} series={store.series} nowSeconds={nowSeconds} />}
      {process !== null && <Durability persistence={persistence} nowSeconds={nowSeconds} />}
      {cluster !== null && <Replica cluster={cluster} />}
      <Store store={store} />
      {quotas !== null && <Quotas quotas={quotas} />}
      {process !== null && <Process process={process} audit={runtime.audit} />}
      <Build build={runtime.build} />
    </div>
  );
}

/** `3 of 4,096`; without a limit the number alone. */
const ofMost = (count: number, most: number | null): string =>
  most === null ? countText(count) : `${countText(count)} of ${countText(most)}`;

function Pushes({ pushes, runtime }: { pushes: PushFigures; runtime: RuntimeAnswer }) {
  const { not_ready: notReady } = runtime;
  // What a replica takes is safe in the log, whatever becomes of its file.
  const isFailing = runtime.cluster === null && runtime.persistence?.status === "failing";
  const pill =
    notReady !== null ? (
      <WarnPill text="not ready" />
    ) : isFailing ? (
      <BadPill text="refused" />
    ) : (
      <OkPill text="healthy" />
    );
  return (
    <Card title="Pushes" pill={pill}>
      <div class="big">
        {rateText(pushes.per_second ?? 0)} <small>per second, last minute</small>
      </div>
      <Spark values={pushes.last_minute} />
      <KeyValues
        pairs={[
          ["refused", `${countText(pushes.refused_total)} since start, ${rateText(pushes.refused_per_second ?? 0)} /s`],
          ["p99 duration", pushes.p99_seconds === null ? "—" : durationText(pushes.p99_seconds)],
          ["in flight", ofMost(pushes.in_flight, pushes.max_in_flight)],
        ]}
      />
    </Card>
  );
}

interface ScrapesProps {
  readonly scrapes: ScrapeFigures;
  readonly series: number;
  readonly nowSeconds: number;
}

function Scrapes({ scrapes, series, nowSeconds }: ScrapesProps) {
  const { last_seconds: at, last_duration_seconds: took, clients } = scrapes;
  return (
    <Card title="Scrapes" pill={at === null ? <WarnPill text="never" /> : <OkPill text={agoText(nowSeconds - at)} />}>
      <div class="big">
        {took === null ? "—" : durationText(took)} <small>for {countText(series)} series</small>
      </div>
      <Spark values={scrapes.last_durations_seconds} />
      <KeyValues
        pairs={[
          ["by", clients.length === 0 ? "nobody" : <Clients clients={clients} />],
          ["interval seen", clients[0]?.interval_seconds ? durationText(Math.round(clients[0].interval_seconds)) : "—"],
          ["in flight", ofMost(scrapes.in_flight, scrapes.max_in_flight)],
        ]}
      />
    </Card>
  );
}

function Clients({ clients }: Pick<ScrapeFigures, "clients">) {
  const more = clients.length - CLIENTS;
  const names = clients.slice(0, CLIENTS).map(({ client }) => client);
  return (
    <>
      <Seen text={names.join(", ")} most={200} />
      {more > 0 && ` and ${countText(more)} more`}
    </>
  );
}

function Durability({ persistence, nowSeconds }: { persistence: PersistenceFigures | null; nowSeconds: number }) {
  if (persistence === null)
    return (
      <Card title="Durability" pill={<WarnPill text="memory only" />}>
        <p class="quiet">
          Metrics are gone when the server ends. With <code class="nowrap">--persistence.file</code> they are kept.
        </p>
      </Card>
    );
  const {
    file,
    commit_seconds: took,
    last_commit_seconds: at,
    last_commits_seconds: commits,
    file_bytes: bytes,
    waiting_groups: waiting,
    errors_total: errors,
  } = persistence;
  return (
    <Card title="Durability" pill={<KeepingPill persistence={persistence} />}>
      <div class="big">
        {took === null ? "—" : durationText(took)} <small>to disk, last minute</small>
      </div>
      <Spark values={commits} />
      <KeyValues
        pairs={[
          ["file", <Seen key="file" text={file} most={400} />],
          ["size", bytes === 0 ? null : sizeText(bytes)],
          ["last commit", at === null ? "none yet" : agoText(nowSeconds - at)],
          ["not on disk yet", `${countText(waiting)} ${waiting === 1 ? "group" : "groups"}`],
          ["errors", countText(errors)],
        ]}
      />
    </Card>
  );
}

/** Where this replica is, and who keeps what it shares with the others. */
function Replica({ cluster }: { cluster: ClusterFigures }) {
  const { copies, head, lag_seconds: lag, leader, name, position, reason, server, waiting } = cluster;
  const current = copies.filter((copy) => copy.current).length;
  return (
    <Card title="Replica" pill={<JoinedPill cluster={cluster} />}>
      <div class="big">
        {lag === 0 ? "in step" : `${durationText(lag)} behind`} <small>of the shared log</small>
      </div>
      {reason !== "" && <p class="quiet">{<Seen text={reason} most={400} />}</p>}
      <KeyValues
        pairs={[
          ["cluster", <Seen key="name" text={name} most={100} />],
          ["position", `${countText(position)} of ${countText(head)}`],
          ["leads the log", leader === null ? "nobody" : <Seen key="leader" text={leader} most={200} />],
          ["connected to", server === null ? "nobody" : <Seen key="server" text={server} most={200} />],
          ["copies", copies.length === 0 ? null : `${current} of ${copies.length} have all of it`],
          ["size of the log", sizeText(cluster.log_size_bytes)],
          ["own clock", skewText(cluster.clock_skew_seconds)],
          ["changes that wait", countText(waiting)],
        ]}
      />
    </Card>
  );
}

const skewText = (seconds: number): string =>
  seconds === 0 ? "as the log's" : `${durationText(Math.abs(seconds))} ${seconds > 0 ? "ahead" : "behind"}`;

function JoinedPill({ cluster: { status } }: { cluster: ClusterFigures }) {
  if (status === "joined") return <OkPill text="joined" />;
  return status === "joining" ? <WarnPill text="joining" /> : <BadPill text={status} />;
}

function KeepingPill({ persistence: { status } }: { persistence: PersistenceFigures }) {
  if (status === "kept") return <OkPill text="on disk" />;
  if (status === "restoring") return <WarnPill text="restoring" />;
  return <BadPill text={status === "failing" ? "failing" : "memory only"} />;
}

function Store({ store }: Pick<RuntimeAnswer, "store">) {
  const {
    groups,
    max_groups: maxGroups,
    series,
    max_series: maxSeries,
    size_bytes: size,
    max_size_bytes: maxSize,
  } = store;
  const sizeWords = maxSize === null ? binarySizeText(size) : `${binarySizeText(size)} of ${binarySizeText(maxSize)}`;
  return (
    <Card title="Store">
      <Meter term="Groups" text={ofMost(groups, maxGroups)} value={groups} most={maxGroups} />
      <Meter term="Series" text={ofMost(series, maxSeries)} value={series} most={maxSeries} />
      <Meter term="Memory of the store" text={sizeWords} value={size} most={maxSize} />
      <p class="quiet">A push that would go over a limit is refused.</p>
    </Card>
  );
}

function Process({ process, audit }: { process: ProcessFigures; audit: AuditFigures | null }) {
  const { resident_bytes: memory, cpu_ratio: cpu, loop_delay_seconds: delay, open_fds: fds } = process;
  return (
    <Card title="Process">
      <KeyValues
        pairs={[
          ["memory (RSS)", memory === null ? null : sizeText(memory)],
          ["CPU, last minute", cpu === null ? null : `${(cpu * 100).toFixed(cpu < 0.1 ? 1 : 0)} %`],
          ["longest loop delay", delay === null ? null : durationText(delay)],
          ["open connections", ofMost(process.connections, process.max_connections)],
          ["file descriptors", fds === null ? null : ofMost(fds, process.max_fds)],
          ["viewers of this page", ofMost(process.viewers, process.max_viewers)],
          ["pid", String(process.pid)],
          ["audit log", audit && <Seen key="audit" text={auditText(audit)} most={400} />],
        ]}
      />
    </Card>
  );
}

function auditText({ status, reason, lines_total: lines, lost_lines_total: lost }: AuditFigures): string {
  const figures = `${countText(lines)} lines${lost === 0 ? "" : `, ${countText(lost)} lost`}`;
  return status === "written" ? figures : `${figures}, failing: ${reason}`;
}

/** In the words of readers, in this order; what the program does not know of itself is left out. */
const BUILD_WORDS: readonly (readonly [term: string, name: string])[] = [
  ["version", "version"],
  ["revision", "revision"],
  ["branch", "branch"],
  ["built", "buildDate"],
  ["runtime", "goVersion"],
];

/** Characters of a revision that tell it from others; a bug report has all. */
const REVISION_CHARACTERS = 12;

function Build({ build }: Pick<RuntimeAnswer, "build">) {
  return (
    <Card title="Build">
      <KeyValues
        pairs={BUILD_WORDS.map(([term, name]) => {
          const text = build[name] ?? "";
          return [term, (term === "revision" ? text.slice(0, REVISION_CHARACTERS) : text) || null] as const;
        })}
      />
    </Card>
  );
}

import { INPUTS, type Inputs } from "./inputs.ts";
import { POPULATIONS } from "./jobs.ts";
import { measured } from "./measured.ts";
import { ROOM } from "./placement.ts";
import {
  balances,
  engineLoad,
  type Failure,
  failures,
  type Load,
  loads,
  moves,
  pushesPerSecond,
} from "./simulation.ts";

export interface Table {
  readonly title: string;
  /** The head and the rows. */
  readonly rows: readonly (readonly string[])[];
}

/** Three digits that count. */
function number(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en-US", { maximumFractionDigits: Math.min(digits, 3) });
}

const millions = (value: number): string => `${number(value / 1e6)}M`;
const percent = (share: number): string => `${number(share * 100)} %`;
const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const each = (value: number, most: number): string => `${number(value)}; ${number(most)}`;

function inputs(): Table {
  const of = measured();
  return {
    title: "What goes in",
    rows: [
      ["input", "value", "from"],
      [
        "gateways; logs; gateways that hold one shard",
        `${INPUTS.gateways}; ${INPUTS.logs}; ${INPUTS.copies}`,
        "chosen",
      ],
      ["series; of one group", `${millions(INPUTS.series)}; ${INPUTS.seriesPerGroup}`, "chosen"],
      ["shards that a gateway may hold, of its share", `${ROOM}`, "chosen"],
      ["a push into each group, a scrape of each shard", `every ${INPUTS.pushEverySeconds} s`, "chosen"],
      ["pushes", `${whole(pushesPerSecond(INPUTS))}/s`, "these"],
      ["engine: servers; that keep one log", `${INPUTS.engineServers}; ${INPUTS.engineReplicas}`, "chosen"],
      [
        "memory of a gateway: empty; a series",
        `${of.idleMegabytes} MB; ${of.memoryBytesPerSeries} B`,
        "performance; replicas",
      ],
      ["text of a series", `${of.textBytesPerSeries} B`, "performance"],
      ["a push of ten gauges: body; in the log", `${whole(of.pushBytes)} B; ${of.logBytesPerPush} B`, "replicas"],
      ["pushes one log takes", `${whole(of.pushesPerLog)}/s`, "replicas"],
      ["series loaded from a snapshot", `${whole(of.loadedSeriesPerSecond)}/s`, "replicas"],
    ],
  };
}

function balance(): Table {
  const rows = balances(INPUTS).map((row) => [
    `${row.jobs.count.toLocaleString("en-US")} ${row.jobs.title}`,
    `${row.logs}`,
    `${row.copies}`,
    percent(row.largestJob),
    percent(row.largestShard),
    number(row.shardOverMean),
    number(row.gatewayOverMean),
  ]);
  const head = [
    "jobs",
    "logs",
    "copies",
    "largest job",
    "largest shard",
    "of the mean",
    "fullest gateway, of the mean",
  ];
  return { title: "Balance", rows: [head, ...rows] };
}

function perGateway(): Table {
  const of = measured();
  const populations = POPULATIONS.slice(0, 2);
  const measuredLoads = populations.map((jobs) => loads(INPUTS, of, jobs));
  const row = (title: string, what: (load: Load) => number) => [
    title,
    ...measuredLoads.map(({ mean, most }) => each(what(mean), what(most))),
  ];
  return {
    title: "A gateway: mean; the fullest",
    rows: [
      ["of one gateway", ...populations.map(({ title }) => `jobs ${title}`)],
      row("shards", ({ shards }) => shards),
      row("series, millions", ({ series }) => series / 1e6),
      row("memory, MB", ({ memoryMegabytes }) => memoryMegabytes),
      row("pushes taken from clients, /s", ({ takenPerSecond }) => takenPerSecond),
      row("pushes folded, /s", ({ foldedPerSecond }) => foldedPerSecond),
      row("from clients, MB/s", ({ clientMegabytes }) => clientMegabytes),
      row("passed on, and taken over from others, MB/s", ({ forwardedMegabytes }) => forwardedMegabytes),
      row("appended, MB/s", ({ appendedMegabytes }) => appendedMegabytes),
      row("folded, MB/s", ({ foldedMegabytes }) => foldedMegabytes),
      row("scraped, MB/s", ({ scrapedMegabytes }) => scrapedMegabytes),
    ],
  };
}

/** How often groups can be pushed to, as the number of logs allows it. */
function rates(): Table {
  const { pushesPerLog } = measured();
  const rows = [64, 256].flatMap((logs) =>
    [60, 30, 15].map((pushEverySeconds) => {
      const all: Inputs = { ...INPUTS, logs, pushEverySeconds };
      const perLog = pushesPerSecond(all) / logs;
      return [
        `${logs}`,
        `${pushEverySeconds} s`,
        whole(pushesPerSecond(all)),
        whole(perLog),
        percent(perLog / pushesPerLog),
      ];
    }),
  );
  return {
    title: "Pushes a log",
    rows: [["logs", "a push every", "pushes/s", "a log's", "of what one takes"], ...rows],
  };
}

function moving(): Table {
  const rows = moves(INPUTS, measured()).map((row) => [
    `${row.from} to ${row.to}`,
    `${row.loaded} of ${row.copies}`,
    `${row.needless}`,
    `${row.byModulo}`,
    number(row.megabytes / 1000),
  ]);
  const head = ["gateways", "copies that are loaded", "needlessly", "by modulo", "text, GB"];
  return { title: "Moving", rows: [head, ...rows] };
}

function failing(): Table {
  const of = measured();
  const [two, three] = [failures(INPUTS, of, INPUTS.copies), failures(INPUTS, of, INPUTS.copies + 1)];
  const row = (title: string, what: (failure: Failure) => string) => [title, what(two), what(three)];
  return {
    title: "One gateway fails",
    rows: [
      ["each gateway in turn", `${INPUTS.copies} copies`, `${INPUTS.copies + 1} copies`],
      row("shards with a copy less: mean; at most", ({ shards, shardsAtMost }) => each(shards, shardsAtMost)),
      row("their series, millions", ({ series, seriesAtMost }) => each(series / 1e6, seriesAtMost / 1e6)),
      row("gateways that take them over, at most", ({ heirsAtMost }) => `${heirsAtMost}`),
      row("needless moves: mean", ({ needless }) => number(needless)),
      row("all copies are there again after, s at most", ({ loadSecondsAtMost }) => number(loadSecondsAtMost)),
      row("two at once: pairs that leave a shard without a copy", ({ pairs }) => percent(pairs)),
      row("its series, millions", ({ pairSeries }) => number(pairSeries / 1e6)),
    ],
  };
}

function engine(): Table {
  const load = engineLoad(INPUTS, measured());
  return {
    title: "A server of the engine",
    rows: [
      ["of one server", "value"],
      ["logs that it leads: mean; at most", each(load.leaders, load.leadersAtMost)],
      ["logs that it keeps: mean", number(load.keptLogs)],
      ["written, MB/s", number(load.writtenMegabytes)],
      ["sent to other servers and gateways, MB/s", number(load.sentMegabytes)],
    ],
  };
}

/** All that the simulation tells. */
export function tables(): Table[] {
  return [inputs(), balance(), perGateway(), rates(), moving(), failing(), engine()];
}

/** A table as a page has it. */
export function markdownOf({ rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const [head = [], ...others] = rows;
  return [line(head), line(head.map(() => "---")), ...others.map(line)].join("\n");
}

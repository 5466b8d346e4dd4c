import type { StreamInfo } from "@nats-io/jetstream";
import type { Clock } from "../model/clock.ts";
import { Fault } from "../model/fault.ts";
import type {
  Batch,
  LogEvents,
  LogHead,
  Opened,
  RestartReason,
  SharedLog,
  SharedSettings,
  SnapshotReader,
  SnapshotWriter,
} from "./log.ts";
import { NatsAppender } from "./nats-append.ts";
import { causeOf, type LinkOptions, NatsLink, REQUEST_MS, type Session } from "./nats-link.ts";
import { type Names, namesOf } from "./nats-names.ts";
import { NatsReader } from "./nats-reader.ts";
import { agreeOn } from "./nats-settings.ts";
import { NatsSnapshots } from "./nats-snapshots.ts";
import { configFault, configsOf, copiesWarning, ensureStream, infoOf } from "./nats-streams.ts";
import { Pulse } from "./pulse.ts";

/** Interval between questions for the head, and how long they may fail before the log counts as lost. */
const [HEAD_MS, PATIENCE_MS] = [1000, 3000];
/** Delay before what could not be opened is tried again. */
const OPEN_AGAIN_MS = 500;
/** After so many looks at which the log ended too early it is believed: a server may be behind for a moment. */
const MAX_SHORT_LOOKS = 3;

export interface NatsLogOptions extends Pick<LinkOptions, "servers" | "secrets"> {
  /** The cluster's name, of letters, digits, `-` and `_`. */
  readonly name: string;
  /** Copies of a stream that is made. */
  readonly copies: number;
}

export interface NatsLogDeps {
  readonly clock: Pick<Clock, "after" | "nowMs">;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** The shared log in NATS JetStream: a stream of entries, and one of snapshots and settings. */
export class NatsLog implements SharedLog {
  private events: LogEvents | null = null;
  private readonly names: Names;
  private readonly configs: ReturnType<typeof configsOf>;
  private readonly link: NatsLink;
  private readonly reader: NatsReader;
  private readonly appender: NatsAppender;
  private readonly snapshots: NatsSnapshots;
  private readonly pulse: Pulse;
  private settings: SharedSettings = {};
  /** When the stream of the log was made: at another time, it is another log. */
  private log = "";
  private state: "closed" | "opening" | "open" = "opening";
  /** Both streams have been looked at since the connection was made, and what was read is still in the log. */
  private isChecked = false;
  private isLooking = false;
  /** How often the log was found to end before what was read from it, one after the other. */
  private shortLooks = 0;

  constructor(
    private readonly options: NatsLogOptions,
    private readonly deps: NatsLogDeps,
  ) {
    const { clock, random } = deps;
    this.names = namesOf(options.name);
    const { names } = this;
    this.configs = configsOf(names, options.copies);
    this.pulse = new Pulse(PATIENCE_MS, {
      lost: (reason) => this.events?.lost(reason),
      found: (seconds) => this.events?.found(seconds),
    });
    this.link = new NatsLink({ ...options, inbox: names.inbox }, clock, random, {
      connected: (session) => this.connected(session),
      failed: (reason) => this.pulse.explain(reason),
    });
    this.reader = new NatsReader({
      clock,
      link: this.link,
      stream: names.stream,
      entries: (entries, upTo) => this.events?.entries(entries, upTo),
      restart: (reason) => this.restart(reason),
      unreadable: (entry) => this.events?.unreadable(entry),
      takeUnpacked: (id, packed) => this.appender.takeUnpacked(id, packed),
      seen: (id) => this.appender.seen(id),
      ignored: (id) => this.appender.ignored(id),
    });
    this.appender = new NatsAppender({
      clock,
      link: this.link,
      names,
      stored: (position) => this.reader.known(position),
      failed: (sinceMs, reason) => this.pulse.failed("append", sinceMs, reason),
      ended: () => this.pulse.answered("append", clock.nowMs()),
      retried: () => this.events?.retried(),
    });
    this.snapshots = new NatsSnapshots({
      clock,
      link: this.link,
      names,
      log: () => this.log,
      reachOf: (position) => this.reader.reachOf(position),
      newId: () => hexadecimal(random) + hexadecimal(random),
    });
  }

  listen(events: LogEvents): void {
    this.events = events;
  }

  async open(settings: SharedSettings): Promise<Opened | Fault> {
    this.settings = settings;
    const secrets = this.options.secrets();
    if (secrets instanceof Fault) return secrets;
    this.link.start();
    while (this.state === "opening") {
      const opened = await this.tryOpen();
      if (opened instanceof Fault) return opened;
      if (opened !== null) return this.beOpen(opened);
      this.pulse.look(this.deps.clock.nowMs());
      await this.pause(OPEN_AGAIN_MS);
    }
    return new Fault("opening the log: it was closed before");
  }

  read(after: number): void {
    this.shortLooks = 0;
    this.reader.begin(after);
    void this.look();
  }

  taken(position: number): void {
    this.reader.taken(position);
  }

  append(batch: Batch): void {
    this.appender.append(batch);
  }

  withdraw(): void {
    this.appender.withdraw();
  }

  loadSnapshot(): Promise<SnapshotReader | null | Fault> {
    return this.snapshots.load();
  }

  saveSnapshot(position: number): Promise<SnapshotWriter | null | Fault> {
    return this.snapshots.save(position);
  }

  async close(): Promise<void> {
    this.state = "closed";
    this.reader.stop();
    this.appender.withdraw();
    await this.link.stop();
  }

  private pause(ms: number): Promise<null> {
    return new Promise((resolve) => this.deps.clock.after(ms, () => resolve(null)));
  }

  private connected({ connection }: Session): void {
    this.isChecked = false;
    connection.subscribe(this.names.live, {
      callback: (error, message) => {
        if (error === null) this.reader.live(message);
        else this.pulse.explain(causeOf(error));
      },
    });
    void this.look();
  }

  /** null: what failed may pass. */
  private async tryOpen(): Promise<Opened | null | Fault> {
    const sinceMs = this.deps.clock.nowMs();
    this.pulse.failed("head", sinceMs);
    const session = await Promise.race([this.link.session(), this.pause(REQUEST_MS)]);
    if (session === null) return null;
    try {
      const info = await this.check(session);
      if (info instanceof Fault) return info;
      this.log = info.created;
      this.pulse.answered("head", this.deps.clock.nowMs());
      const warning = copiesWarning(info, this.options.copies);
      const warnings = warning === null ? [] : [warning];
      return { head: headOf(info, session), copies: info.config.num_replicas, warnings };
    } catch (error) {
      this.pulse.explain(causeOf(error));
      return null;
    }
  }

  private beOpen(opened: Opened): Opened | Fault {
    if (this.state === "closed") return new Fault("opening the log: it was closed before");
    this.state = "open";
    this.beat();
    return opened;
  }

  /** Makes what is not there, and looks at what is. Whatever is thrown may pass. */
  private async check(session: Session): Promise<StreamInfo | Fault> {
    const log = await ensureStream(session, this.configs.log);
    if (log instanceof Fault) return log;
    const snapshots = await ensureStream(session, this.configs.snapshots);
    if (snapshots instanceof Fault) return snapshots;
    const fault = await agreeOn(session, this.names, this.settings);
    return fault ?? log;
  }

  private beat(): void {
    if (this.state !== "open") return;
    this.pulse.look(this.deps.clock.nowMs());
    void this.look();
    this.deps.clock.after(HEAD_MS, () => this.beat());
  }

  /** Asks the leader where the log ends, and whether it is the one that it was. */
  private async look(): Promise<void> {
    if (this.isLooking || this.state !== "open") return;
    this.isLooking = true;
    const { clock } = this.deps;
    const sinceMs = clock.nowMs();
    this.pulse.failed("head", sinceMs);
    try {
      const session = await this.link.session();
      if (session !== null && this.isUsed) await this.lookThrough(session);
      this.pulse.answered("head", clock.nowMs());
    } catch (error) {
      this.pulse.explain(causeOf(error));
    }
    this.isLooking = false;
  }

  /** Asked anew, for it may have been closed meanwhile. */
  private get isUsed(): boolean {
    return this.state === "open";
  }

  private async lookThrough(session: Session): Promise<void> {
    const { deliveredTo } = this.reader;
    const info = this.isChecked ? await infoOf(session, this.names.stream) : null;
    const isKnown = info !== null && info.created === this.log;
    const found = isKnown ? (configFault(this.configs.log, info.config) ?? info) : await this.check(session);
    if (!this.isUsed) return;
    if (found instanceof Fault) return this.beUnusable(found.message);
    if (found.created !== this.log) return this.takeUpAnother(found);
    const { first_seq: first, last_seq: last } = found.state;
    const isSame = last >= deliveredTo && this.isChecked ? true : await this.reader.isStillThere(session);
    this.shortLooks = isSame === null && last < deliveredTo ? this.shortLooks + 1 : 0;
    if (isSame === false || this.shortLooks === MAX_SHORT_LOOKS) return this.restart("behind");
    this.isChecked = isSame !== null;
    this.reader.reaches(first, last);
    const head = headOf(found, session);
    this.events?.head({ ...head, position: Math.max(head.position, this.reader.deliveredTo) });
  }

  private takeUpAnother({ created }: StreamInfo): void {
    this.log = created;
    this.isChecked = true;
    this.restart("made anew");
  }

  private restart(reason: RestartReason): void {
    this.shortLooks = 0;
    this.reader.stop();
    if (reason !== "purged") this.appender.writeAnew();
    this.events?.restart(reason);
  }

  private beUnusable(reason: string): void {
    this.state = "closed";
    this.reader.stop();
    this.appender.withdraw();
    this.events?.unusable(reason);
  }
}

function headOf({ state, cluster }: StreamInfo, { server }: Session): LogHead {
  const leader = cluster?.leader ?? null;
  const others = (cluster?.replicas ?? []).map(({ name, current }) => ({ server: name, isCurrent: current }));
  const copies = leader === null ? others : [{ server: leader, isCurrent: true }, ...others];
  return { position: state.last_seq, sizeBytes: state.bytes, engine: { server, leader, copies } };
}

/** Eight random digits. */
function hexadecimal(random: () => number): string {
  return Math.floor(random() * 0x100000000)
    .toString(16)
    .padStart(8, "0");
}

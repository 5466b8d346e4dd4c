import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/model/fault.ts";
import { Audit, type AuditSink } from "../../src/telemetry/audit.ts";
import { createLog } from "../../src/telemetry/log.ts";

const FULL = new Fault("no space left");

/** A place for lines that does what a test says. */
class Place implements AuditSink {
  readonly name = "audit.log";
  /** What has been written, by the file that was open. */
  readonly files: string[] = [];
  opens: Fault | null = null;
  /** What is written of some bytes, or why nothing is. */
  room: (bytes: Uint8Array) => number | Fault = ({ length }) => length;
  /** Writing takes so long. */
  until: Promise<void> = Promise.resolve();
  moved = false;
  appends = 0;

  get text(): string {
    return this.files.join("");
  }

  async open(): Promise<Fault | null> {
    if (this.opens === null) this.files.push("");
    this.moved = false;
    return this.opens;
  }

  async isMoved(): Promise<boolean> {
    return this.moved;
  }

  async append(bytes: Uint8Array): Promise<number | Fault> {
    this.appends++;
    await this.until;
    const written = this.room(bytes);
    if (!(written instanceof Fault))
      this.files.push(this.files.pop() + Buffer.from(bytes.subarray(0, written)).toString());
    return written;
  }

  async close(): Promise<void> {}
}

/** An audit log whose clock stands still unless a test moves it. */
function auditOf(place = new Place()) {
  const clock = { nowMs: 1000 };
  const looks: (() => void)[] = [];
  const late: (() => void)[] = [];
  const logged: string[] = [];
  const now = () => clock.nowMs;
  const log = createLog({ level: "info", format: "logfmt", write: (line) => logged.push(line), now });
  const audit = new Audit({
    sink: place,
    log,
    clock: {
      now,
      nowMs: now,
      after: (ms, run) => void (ms === 0 ? setImmediate(run) : late.push(run)),
      every: (_, run) => void looks.push(run),
    },
  });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    place,
    audit,
    clock,
    logged,
    settle,
    add: (count: number) => audit.add({ event: "group_deleted", count }),
    /** A second passes. */
    look: async () => {
      clock.nowMs += 1000;
      for (const run of looks) run();
      await settle();
    },
    /** What was to be done after some time is done now. */
    passTime: async () => {
      for (const run of late.splice(0)) run();
      await settle();
    },
  };
}

/** The number of each deletion; other events by their names, `lost` with how many. */
function told(text: string): (number | string)[] {
  expect(text === "" || text.endsWith("\n")).toBe(true);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const { event, count } = JSON.parse(line);
      if (event === "group_deleted") return count;
      return event === "lost" ? `lost ${count}` : event;
    });
}

/** Numbers from `first` on. */
const numbers = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

describe("lines are written", () => {
  test("in their order, those of one turn at once, and not within it", async () => {
    const { place, audit, add, settle } = auditOf();
    for (let n = 0; n < 100; n++) add(n);
    expect(place.appends).toBe(0);
    await settle();
    expect(told(place.text)).toEqual(numbers(0, 100));
    expect(place.appends).toBe(1);
    expect(audit.state).toEqual({
      file: "audit.log",
      status: "written",
      reason: "",
      lines: 100,
      lostLines: 0,
      waitingLines: 0,
    });
  });

  test("whole, however little is taken at a time", async () => {
    const place = new Place();
    place.room = ({ length }) => Math.min(7, length);
    const { audit, add, settle } = auditOf(place);
    for (let n = 0; n < 3; n++) add(n);
    for (let n = 0; n < 3; n++) await settle();
    expect(told(place.text)).toEqual([0, 1, 2]);
    expect(audit.state.lines).toBe(3);
  });

  test("later, where there is no room for the moment", async () => {
    const place = new Place();
    place.room = () => 0;
    const { audit, add, settle, passTime } = auditOf(place);
    add(1);
    await settle();
    expect(audit.state).toMatchObject({ status: "written", waitingLines: 1 });
    place.room = ({ length }) => length;
    await passTime();
    expect(told(place.text)).toEqual([1]);
  });
});

describe("what cannot be written", () => {
  test("waits, is written when that can be done again, and is tried once a second meanwhile", async () => {
    const place = new Place();
    place.room = () => FULL;
    const { audit, add, settle, look, logged } = auditOf(place);
    add(1);
    await settle();
    for (let n = 2; n < 50; n++) {
      add(n);
      await settle();
    }
    expect(place.appends).toBe(1);
    expect(audit.state).toMatchObject({ status: "failing", reason: "no space left", lines: 0, waitingLines: 49 });
    await look();
    expect(place.appends).toBe(2);
    place.room = ({ length }) => length;
    await look();
    expect(told(place.text)).toEqual(numbers(1, 49));
    expect(audit.state).toMatchObject({ status: "written", reason: "", lines: 49, lostLines: 0, waitingLines: 0 });
    expect(logged).toEqual([
      expect.stringMatching(/level=error msg="the audit log cannot be written" file=audit.log err="no space left"/),
      expect.stringMatching(/level=info msg="the audit log is written again"/),
    ]);
  });

  test("does not go on within a line that was cut short, in another file", async () => {
    const place = new Place();
    let room = 100;
    place.room = ({ length }) => {
      const taken = Math.min(room, length);
      room -= taken;
      return taken === 0 ? FULL : taken;
    };
    const { audit, add, settle, look } = auditOf(place);
    for (let n = 0; n < 4; n++) add(n);
    await settle();
    audit.reopen("SIGHUP");
    await settle();
    room = Infinity;
    await look();
    await settle();
    const [first = "", second = ""] = place.files;
    expect(first.length).toBe(100);
    expect(told(second)).toEqual([2, 3, "lost 1", "reopened"]);
    expect(audit.state.lostLines).toBe(1);
  });

  test("goes on within a line that was cut short, in the same file", async () => {
    const place = new Place();
    let room = 100;
    place.room = ({ length }) => {
      const taken = Math.min(room, length);
      room -= taken;
      return taken === 0 ? FULL : taken;
    };
    const { add, settle, look } = auditOf(place);
    for (let n = 0; n < 4; n++) add(n);
    await settle();
    room = Infinity;
    await look();
    expect(told(place.text)).toEqual([0, 1, 2, 3]);
  });

  test("is lost beyond some megabytes, counted, logged, and told of where it would be", async () => {
    const place = new Place();
    place.opens = new Fault("permission denied");
    const { audit, clock, settle, look, logged } = auditOf(place);
    const detail = "x".repeat(900);
    const add = (count: number) => {
      clock.nowMs += 1;
      audit.add({ event: "group_deleted", count, detail });
    };
    for (let n = 0; n < 10_000; n++) add(n);
    await settle();
    const { lostLines, waitingLines } = audit.state;
    expect(waitingLines + lostLines).toBe(10_000);
    expect(waitingLines).toBeGreaterThan(4000);
    expect(waitingLines).toBeLessThan(5000);
    expect(logged.filter((line) => line.includes("are lost"))).toHaveLength(1);
    place.opens = null;
    await look();
    for (let n = 0; n < 30; n++) await settle();
    add(10_000);
    await look();
    expect(told(place.text)).toEqual([...numbers(0, waitingLines), `lost ${lostLines}`, 10_000]);
  });

  test("is told of as lost within a second, even if nothing follows", async () => {
    const place = new Place();
    place.opens = FULL;
    const { audit, look, settle } = auditOf(place);
    for (let n = 0; n < 6000; n++) audit.add({ event: "group_deleted", count: n, detail: "x".repeat(900) });
    const { lostLines } = audit.state;
    place.opens = null;
    for (let n = 0; n < 3; n++) await look();
    for (let n = 0; n < 30; n++) await settle();
    expect(told(place.text).at(-1)).toBe(`lost ${lostLines}`);
  });
});

describe("a flood of refusals", () => {
  test("has so much written a second on the average, and crowds out no deletion", async () => {
    const { audit, clock, place, add, look, settle } = auditOf();
    for (let n = 0; n < 100; n++) {
      for (let i = 0; i < 1000; i++) audit.add({ event: "refused", path: "/x".repeat(400) });
      await settle();
      clock.nowMs += 10;
    }
    add(7);
    await look();
    for (let n = 0; n < 30; n++) await settle();
    const { lines, lostLines } = audit.state;
    expect(lostLines).toBeGreaterThan(80_000);
    expect(place.text.length).toBeLessThan(9 << 20);
    expect(told(place.text).slice(-2)).toContain(7);
    // Each line that was lost is told of.
    const lost = told(place.text).flatMap((one) =>
      String(one).startsWith("lost ") ? [Number(String(one).slice(5))] : [],
    );
    expect(lost.reduce((sum, count) => sum + count, 0)).toBe(lostLines);
    expect(lines - lost.length + lostLines).toBe(100_001);
  });
});

describe("the file is opened anew", () => {
  test("when it is asked for, and says why", async () => {
    const { audit, place, add, settle } = auditOf();
    add(1);
    await settle();
    audit.reopen("SIGHUP");
    await settle();
    add(2);
    await settle();
    expect(place.files.map(told)).toEqual([[1], ["reopened", 2]]);
    expect(JSON.parse(place.files[1]?.split("\n")[0] ?? "").detail).toBe("SIGHUP");
  });

  test("by itself within a second where it was moved", async () => {
    const { place, add, look, settle } = auditOf();
    add(1);
    await settle();
    place.moved = true;
    await look();
    add(2);
    await settle();
    expect(place.files.map(told)).toEqual([[1], ["reopened", 2]]);
  });

  test("and the one before is used as long as that cannot be done", async () => {
    const { audit, place, add, look, settle } = auditOf();
    add(1);
    await settle();
    place.opens = new Fault("permission denied");
    audit.reopen("SIGHUP");
    await settle();
    expect(audit.state.status).toBe("failing");
    place.opens = null;
    add(2);
    await look();
    expect(place.files.map(told)).toEqual([[1], [2, "reopened"]]);
    expect(audit.state.status).toBe("written");
  });
});

describe("the end", () => {
  test("comes when all is written", async () => {
    const { audit, place, add } = auditOf();
    for (let n = 0; n < 5000; n++) add(n);
    await audit.close();
    expect(told(place.text)).toEqual(numbers(0, 5000));
  });

  test("comes at once where nothing can be written, and says how much is lost", async () => {
    const place = new Place();
    place.room = () => FULL;
    const { audit, add, logged } = auditOf(place);
    for (let n = 0; n < 3; n++) add(n);
    await audit.close();
    expect(audit.state.lostLines).toBe(3);
    expect(logged.at(-1)).toMatch(/they could not be written to the end" file=audit.log lines=3 err="no space left"/);
  });

  test("comes after some time where writing has no end", async () => {
    const place = new Place();
    place.until = new Promise(() => {});
    const { audit, add, logged, settle, passTime } = auditOf(place);
    add(1);
    await settle();
    const closing = audit.close();
    await passTime();
    await closing;
    expect(logged.at(-1)).toContain('lines=1 err="it took too long"');
  });
});

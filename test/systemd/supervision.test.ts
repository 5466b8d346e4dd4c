import { describe, expect, test } from "bun:test";
import { supervise, watchdogTimeMs } from "../../src/systemd/supervision.ts";

/** A manager that notes what it is told, and a clock that moves when it is told to. */
class Rehearsal {
  readonly told: string[] = [];
  notReady: string | null = null;
  status = "Serving";
  deaf = false;
  #nowMs = 0;
  #due: { atMs: number; run: () => void }[] = [];

  start(environment: Record<string, string> = {}): () => void {
    return supervise({
      notify: (...lines) => {
        if (!this.deaf) this.told.push(`${this.#nowMs}: ${lines.join(" | ")}`);
        return !this.deaf;
      },
      environment,
      pid: 42,
      notReady: () => this.notReady,
      status: () => this.status,
      after: (ms, run) => this.#due.push({ atMs: this.#nowMs + ms, run }),
    });
  }

  passTo(untilMs: number): void {
    for (;;) {
      this.#due.sort((a, b) => a.atMs - b.atMs);
      const next = this.#due[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#due.shift();
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = untilMs;
  }
}

describe("what a service manager is told", () => {
  test("a server that is ready at once says so once, and its status again only where it changes", () => {
    const rehearsal = new Rehearsal();
    rehearsal.start();
    rehearsal.passTo(11_000);
    rehearsal.status = "Serving more";
    rehearsal.passTo(30_000);
    expect(rehearsal.told).toEqual(["0: READY=1 | STATUS=Serving", "15000: STATUS=Serving more"]);
  });

  test("while metrics are restored it asks for more time, and is ready within 20 ms of their end", () => {
    const rehearsal = new Rehearsal();
    rehearsal.notReady = "restoring";
    rehearsal.start();
    rehearsal.passTo(6_990);
    rehearsal.notReady = null;
    rehearsal.passTo(7_010);
    const extension = "EXTEND_TIMEOUT_USEC=30000000 | STATUS=restoring";
    expect(rehearsal.told).toEqual([`0: ${extension}`, `5000: ${extension}`, "7000: READY=1 | STATUS=Serving"]);
  });

  test("READY is told again until it gets through", () => {
    const rehearsal = new Rehearsal();
    rehearsal.deaf = true;
    rehearsal.start();
    rehearsal.passTo(1_010);
    rehearsal.deaf = false;
    rehearsal.passTo(4_000);
    expect(rehearsal.told).toEqual(["1020: READY=1 | STATUS=Serving"]);
  });

  test("signs of life come each half of the watchdog's time, also while stopping, and no status after STOPPING", () => {
    const rehearsal = new Rehearsal();
    const stopping = rehearsal.start({ WATCHDOG_USEC: "8000000", WATCHDOG_PID: "42" });
    rehearsal.passTo(4_500);
    stopping();
    rehearsal.status = "changed";
    rehearsal.passTo(9_000);
    expect(rehearsal.told).toEqual([
      "0: READY=1 | STATUS=Serving",
      "4000: WATCHDOG=1",
      "4500: STOPPING=1 | STATUS=Stopping",
      "8000: WATCHDOG=1",
    ]);
  });

  test("a server that stops before it was ready never says READY", () => {
    const rehearsal = new Rehearsal();
    rehearsal.notReady = "restoring";
    rehearsal.start()();
    rehearsal.notReady = null;
    rehearsal.passTo(60_000);
    expect(rehearsal.told.filter((line) => line.includes("READY"))).toEqual([]);
  });
});

describe("the watchdog's time that an environment asks process 42 for", () => {
  const CASES: [environment: Record<string, string>, ms: number | null][] = [
    [{ WATCHDOG_USEC: "30000000" }, 30_000],
    [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "42" }, 30_000],
    [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "43" }, null],
    [{ WATCHDOG_USEC: "0" }, null],
    [{ WATCHDOG_USEC: "soon" }, null],
    [{ WATCHDOG_USEC: "-1" }, null],
    [{ WATCHDOG_USEC: "" }, null],
    [{}, null],
  ];

  test.each(CASES)("%j is %p ms", (environment, ms) => {
    expect(watchdogTimeMs(environment, 42)).toBe(ms);
  });
});

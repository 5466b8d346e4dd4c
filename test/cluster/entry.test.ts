import { describe, expect, test } from "bun:test";
import { type BatchContent, EntryWriter, readEntry } from "../../src/cluster/entry.ts";
import { Replica } from "../../src/cluster/replica.ts";
import { NO_REVISION, type Revision } from "../../src/cluster/revision.ts";
import { Fault } from "../../src/model/fault.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const revision = (number: number): Revision => ({ writerHigh: 0xffffffff, writerLow: 7, number });

const BATCH: BatchContent = {
  id: revision(2 ** 53 - 1),
  growth: revision(3),
  seed: null,
  isWipe: true,
  removals: [bytes("a"), bytes("")],
  expiries: [{ key: bytes("b"), basis: revision(1) }],
  puts: [
    { key: bytes("c"), row: bytes("a row"), basis: NO_REVISION, grows: true },
    { key: bytes("d"), row: bytes(""), basis: revision(2), grows: false },
  ],
};

const written = (): Uint8Array => new EntryWriter().write(BATCH);

function changed(at: number, value: number): Uint8Array {
  const entry = written().slice();
  entry[at] = value;
  return entry;
}

/** A replica that is told one entry, and what it says of it. */
function told(entry: Uint8Array) {
  const faults: string[] = [];
  const folded: number[] = [];
  const replica = new Replica<never, never>(
    {
      store: {
        apply: () => ({ outcome: "hopeless", answer: undefined as never }),
        row: () => null,
        rowBytes: () => 0,
        isDue: () => false,
        put: (groups) => (groups.some(({ row }) => row.length === 0) ? new Fault("the row is empty") : null),
        remove: () => {},
        wipe: () => {},
      },
      append: () => {},
      answer: () => {},
      soon: () => {},
      after: () => {},
      nowMs: () => 0,
      folded: ({ position }) => folded.push(position),
      stopped: ({ message }) => faults.push(message),
    },
    revision(0),
  );
  replica.entry(5, entry);
  replica.entry(6, new EntryWriter().write({ ...BATCH, id: revision(9), removals: [], expiries: [], puts: [] }));
  return { faults, folded };
}

describe("an entry of the log", () => {
  test.each([null, "some", "all"] as const)("is read as it was written, seeding: %p", (seed) => {
    for (const isWipe of [true, false]) {
      const batch = { ...BATCH, seed, isWipe };
      expect(readEntry(new EntryWriter().write(batch))).toEqual(batch);
    }
  });

  test("that is cut short anywhere, or has something behind it, is a Fault", () => {
    const entry = written();
    const broken = [...entry.keys()].map((size) => entry.subarray(0, size)).concat(Buffer.concat([entry, bytes("x")]));
    for (const one of broken) expect(readEntry(one)).toBeInstanceOf(Fault);
  });

  test.each([
    { what: "a newer version", at: 0, value: 2, fault: "it is of version 2, and this program knows 1: upgrade it" },
    { what: "no version", at: 0, value: 0, fault: "expected version 1, got 0" },
    { what: "unknown flags", at: 33, value: 6, fault: "expected flags that it knows, got 6" },
  ])("with $what is a Fault that says so", ({ at, value, fault }) => {
    const read = readEntry(changed(at, value));
    expect(read instanceof Fault ? read.message : "").toContain(fault);
  });

  test.each([
    { what: "that cannot be read", entry: changed(0, 9), fault: "it is of version 9" },
    {
      what: "with a row that is none",
      entry: new EntryWriter().write({
        ...BATCH,
        growth: NO_REVISION,
        expiries: [],
        puts: [{ ...BATCH.puts[0], row: bytes("") }] as never,
      }),
      fault: "the row is empty",
    },
  ])(
    "$what stops its replica, and is told once, with its position; nothing behind it is folded",
    ({ entry, fault }) => {
      const { faults, folded } = told(entry);
      expect(faults).toHaveLength(1);
      expect(faults[0]).toStartWith("the entry of the log at position 5 cannot be used: ");
      expect(faults[0]).toContain(fault);
      expect(folded).toEqual([]);
    },
  );
});

import { describe, expect, test } from "bun:test";
import { type Effect, type Family, History, type Observed } from "./history.ts";

const pair = (value: number | null): Effect =>
  new Map<Family, number | null>([
    ["crash_alpha", value],
    ["crash_beta", value],
  ]);

/** What is there of group 0 and, where given, of group 1. */
function holding(...values: (number | null)[]): Observed {
  const groups = values.map((value, group) => [group, value === null ? new Map() : pair(value)] as const);
  return new Map(groups as [number, Map<Family, number>][]);
}

describe("the record of what was sent and answered", () => {
  /**
   * Sent in this order: a number is a push of it to group 0, null a delete; "unanswered" pushes overlap all that
   * follow.
   */
  const STATES = [
    { sent: [1, 2], unanswered: [], state: 2, right: true },
    { sent: [1, 2], unanswered: [], state: 1, right: false },
    { sent: [1, 2], unanswered: [], state: null, right: false },
    { sent: [1, null], unanswered: [], state: null, right: true },
    { sent: [1, null], unanswered: [], state: 1, right: false },
    { sent: [1, 2], unanswered: [3], state: 3, right: true },
    { sent: [1, 2], unanswered: [3], state: 2, right: true },
    { sent: [1, 2], unanswered: [3], state: 1, right: false },
    { sent: [1], unanswered: [], state: 9, right: false },
  ];

  test.each(STATES)("after $sent, unanswered $unanswered, the state $state is right: $right", (row) => {
    const history = new History(1);
    for (const value of row.sent) history.send(0, pair(value))();
    for (const value of row.unanswered) history.send(0, pair(value));
    expect(history.faults(holding(row.state)).length === 0).toBe(row.right);
  });

  test("two families of one body that differ are a fault even if both values were sent", () => {
    const history = new History(1);
    history.send(0, pair(1));
    history.send(0, pair(2));
    const torn: Observed = new Map([
      [
        0,
        new Map<Family, number>([
          ["crash_alpha", 1],
          ["crash_beta", 2],
        ]),
      ],
    ]);
    expect(history.faults(torn)).toEqual([expect.stringContaining("of the same body")]);
  });

  const PREFIXES = [
    { state: [null, null], right: true },
    { state: [1, null], right: true },
    { state: [1, 2], right: true },
    { state: [3, 2], right: true },
    { state: [3, null], right: false },
    { state: [null, 2], right: false },
    { state: [9, null], right: false },
  ];

  test.each(PREFIXES)("after 1 to group 0, 2 to group 1, 3 to group 0, $state is a prefix: $right", (row) => {
    const history = new History(2);
    for (const [group, value] of [
      [0, 1],
      [1, 2],
      [0, 3],
    ] as const)
      history.send(group, pair(value))();
    expect(history.prefixFaults(holding(...row.state)).length === 0).toBe(row.right);
  });
});

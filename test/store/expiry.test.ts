import { expect, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { NO_EXPIRY } from "../../src/model/group-ttl.ts";
import { NO_STORE_LIMITS } from "../../src/model/limits.ts";
import { MORE } from "../../src/model/work.ts";
import { TextParser } from "../../src/parse/text.ts";
import { Store } from "../../src/store/store.ts";
import { keyOf } from "./stored.ts";
import { verifyStore } from "./verify.ts";

const KEY = keyOf({ job: "j" });
const TTL_SECONDS = 10;
/** What all times here count from. */
const START_SECONDS = 1_795_000_000;

/** A store whose groups live for ten seconds, and pushes of text to its group. */
class Stand {
  readonly store = new Store(new Map(), true, NO_STORE_LIMITS, { ...NO_EXPIRY, ttlSeconds: TTL_SECONDS });

  request(body: string, seconds: number) {
    const columns = new PushColumns();
    const malformed = new TextParser(columns, false).parse(Buffer.from(body));
    if (malformed !== null) throw new Error(malformed.message);
    return { key: KEY, columns, replace: true, receivedMs: (START_SECONDS + seconds) * 1000 };
  }

  /** Has groups go whose time is over; returns how many are left. */
  expire(seconds: number): number {
    while (this.store.expiry.step(START_SECONDS + seconds));
    return this.store.stats.groups;
  }
}

const toEnd = <T>(step: () => T | typeof MORE): T => {
  for (;;) {
    const result = step();
    if (result !== MORE) return result;
  }
};

const LARGE = Array.from({ length: 3000 }, (_, i) => `m${i} 1\n`).join("");

test("a group whose time is over stays while a large push to it is judged or stored, and then for its time", () => {
  const stand = new Stand();
  expect(stand.store.apply(stand.request("m 1\n", 0))).toBeNull();
  const push = stand.store.beginLarge(stand.request(LARGE, 25));
  push.judgeOn();
  expect(stand.expire(20)).toBe(1);
  expect(toEnd(() => push.judgeOn())).toBeNull();
  expect(push.storeOn()).toBe(MORE);
  expect(stand.expire(30)).toBe(1);
  expect(toEnd(() => push.storeOn())).toBeNull();
  push.end();
  verifyStore(stand.store);
  expect(stand.store.stats.series).toBe(3002);
  expect(stand.expire(34.9)).toBe(1);
  expect(stand.expire(35)).toBe(0);
});

test("it goes if that push is refused in the end", () => {
  const stand = new Stand();
  expect(stand.store.apply(stand.request("m 1\n", 0))).toBeNull();
  const push = stand.store.beginLarge(stand.request(`${LARGE}m0 2\n`, 9));
  expect(stand.expire(20)).toBe(1);
  expect(toEnd(() => push.judgeOn())).not.toBeNull();
  push.end();
  expect(stand.expire(20)).toBe(1);
  expect(stand.expire(21)).toBe(0);
  verifyStore(stand.store);
});

test("a large push that makes its group gives it its time", () => {
  const stand = new Stand();
  const push = stand.store.beginLarge({ ...stand.request(LARGE, 5), ttlSeconds: 3 });
  expect(toEnd(() => push.judgeOn())).toBeNull();
  expect(toEnd(() => push.storeOn())).toBeNull();
  push.end();
  expect(stand.expire(7.9)).toBe(1);
  expect(stand.expire(8)).toBe(0);
});

import { expect, test } from "bun:test";
import { NatsAppender } from "../../src/cluster/nats-append.ts";
import { NatsLink } from "../../src/cluster/nats-link.ts";
import { namesOf } from "../../src/cluster/nats-names.ts";
import { pack } from "../../src/cluster/packing.ts";
import { Fault } from "../../src/model/fault.ts";

const ID = { writer: "00ff0102aabbccdd", number: 3 };
const clock = { after: () => {}, nowMs: () => 0 };

/** One that reaches no server, and appends a batch. */
function appending(bytes: Uint8Array<ArrayBuffer>): NatsAppender {
  const names = namesOf("test");
  const options = { servers: [], secrets: () => new Fault("there are none"), inbox: names.inbox };
  const link = new NatsLink(options, clock, () => 0, { connected: () => {}, failed: () => {} });
  const appender = new NatsAppender({
    clock,
    link,
    names,
    stored: () => {},
    failed: () => {},
    ended: () => {},
    retried: () => {},
  });
  appender.append({ ...ID, bytes });
  return appender;
}

test("the batch under way is given back as it was before it was packed, once, for the same bytes under the same id", () => {
  const bytes = new Uint8Array(50_000).map((_, i) => i % 97);
  const appender = appending(bytes);
  const packed = pack(bytes);
  expect(appender.takeUnpacked({ ...ID, number: 2 }, packed)).toBeNull();
  expect(appender.takeUnpacked({ ...ID, writer: "00ff0102aabbccde" }, packed)).toBeNull();
  expect(appender.takeUnpacked(ID, pack(bytes.slice(1)))).toBeNull();
  expect(appender.takeUnpacked(ID, packed)).toBe(bytes);
  expect(appender.takeUnpacked(ID, packed)).toBeNull();
});

test("nothing is given back of a batch that has been seen, or was withdrawn", () => {
  const bytes = new Uint8Array(1_000);
  const [seen, withdrawn] = [appending(bytes), appending(bytes)];
  seen.seen(ID);
  withdrawn.withdraw();
  for (const appender of [seen, withdrawn]) expect(appender.takeUnpacked(ID, pack(bytes))).toBeNull();
});

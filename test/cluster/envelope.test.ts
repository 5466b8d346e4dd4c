import { describe, expect, test } from "bun:test";
import { type Envelope, readEnvelope, writeEnvelope } from "../../src/cluster/envelope.ts";

const id = { writer: "00ff0102aabbccdd", number: 2 ** 53 - 1, sizeBytes: 7 };
const packed = new Uint8Array([1, 2, 3]);
const WHOLE: Envelope = { ...id, kind: "whole", packed };
const PART: Envelope = { ...id, kind: "part", index: 65_535, packed };
const LAST: Envelope = { ...id, kind: "last", parts: [3, 5, 2 ** 53 - 2] };

/** A message with one byte, or its length, changed. */
function changed(envelope: Envelope, change: (message: Uint8Array) => Uint8Array): Uint8Array {
  return change(writeEnvelope(envelope));
}

function set(at: number, value: number): (message: Uint8Array) => Uint8Array {
  return (message) => message.with(at, value);
}

describe("a message of the log", () => {
  test.each([WHOLE, PART, LAST])("of kind $kind is read as it was written", (envelope) => {
    expect(readEnvelope(writeEnvelope(envelope), Number.MAX_SAFE_INTEGER)).toEqual(envelope);
  });

  test("of a newer version is not read, and known to be newer", () => {
    expect(readEnvelope(changed(WHOLE, set(0, 2)), 9)).toEqual({
      isNewer: true,
      reason: "it has version 2 of the format, this program reads 1",
    });
  });

  test.each([
    { what: "without bytes", message: new Uint8Array(), says: "0 bytes of version 0" },
    { what: "of version 0", message: changed(WHOLE, set(0, 0)), says: "27 bytes of version 0" },
    { what: "without a whole head", message: writeEnvelope(WHOLE).subarray(0, 23), says: "23 bytes of version 1" },
    { what: "of an unknown kind", message: changed(WHOLE, set(1, 3)), says: "a message of kind 3" },
    { what: "of too large a batch", message: changed(WHOLE, set(7, 0x41)), says: "a batch of 1090519047 bytes" },
    { what: "without a number", message: writeEnvelope({ ...WHOLE, number: 0 }), says: "the batch's number 0" },
    {
      what: "with too large a number",
      message: changed(WHOLE, set(22, 0xff)),
      says: "the batch's number 72057594037927940",
    },
    { what: "of no parts", message: writeEnvelope({ ...LAST, parts: [] }), says: "0 parts named in 24 bytes" },
    { what: "of more parts than it names", message: changed(LAST, set(2, 4)), says: "4 parts named in 48 bytes" },
    { what: "of parts out of order", message: writeEnvelope({ ...LAST, parts: [5, 3] }), says: "a part at position 3" },
    { what: "of a part twice", message: writeEnvelope({ ...LAST, parts: [5, 5] }), says: "a part at position 5" },
    { what: "of a part at 0", message: writeEnvelope({ ...LAST, parts: [0] }), says: "a part at position 0" },
    { what: "of a part behind it", message: writeEnvelope({ ...LAST, parts: [9] }), says: "a part at position 9" },
  ])("$what is broken", ({ message, says }) => {
    expect(readEnvelope(message, 9)).toEqual({ isNewer: false, reason: `it is broken: ${says}` });
  });
});

import { expect, test } from "bun:test";
import { DecodeQueue } from "../../src/decode/queue.ts";

const MIB = 1024 * 1024;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function turns(): Promise<void> {
  for (let n = 0; n < 20; n++) await turn();
}

test("no body is decoded while contents of 64 MiB are not freed, whoever waits", async () => {
  const queue = new DecodeQueue();
  const contents: Uint8Array[] = [];
  const decoded = Array.from({ length: 12 }, () =>
    queue.decode(async () => {
      const content = new Uint8Array(10 * MIB);
      contents.push(content);
      return content;
    }),
  );
  for (let freed = 0; freed < 12; freed++) {
    await turns();
    expect(queue.heldBytes).toBe(10 * MIB * Math.min(7, 12 - freed));
    const content = contents[freed] ?? new Uint8Array(0);
    queue.free(content);
    queue.free(content);
    expect(content.length).toBe(0);
  }
  await Promise.all(decoded);
  expect(queue.heldBytes).toBe(0);
});

test("a body that cannot be decoded takes up nothing, and does not keep up the next one", async () => {
  const queue = new DecodeQueue();
  const failed = queue.decode(() => Promise.reject(new Error("no")));
  const refused = queue.decode(async () => "refused");
  const content = await queue.decode(async () => new Uint8Array(3));
  await expect(failed).rejects.toThrow("no");
  expect(await refused).toBe("refused");
  expect(queue.heldBytes).toBe(3);
  queue.free(content);
  expect(queue.heldBytes).toBe(0);
});

test("what is done with a content that is held goes on while others wait for room", async () => {
  const queue = new DecodeQueue();
  const content = await queue.decode(async () => new Uint8Array(70 * MIB));
  const next = queue.decode(async () => new Uint8Array(1));
  expect(await queue.enter(async () => "done")).toBe("done");
  queue.free(content);
  expect((await next).length).toBe(1);
});

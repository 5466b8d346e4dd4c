import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Conversation, differences, readConversations, replay, type Servers, sameErrors } from "./replay.ts";

const conversations = readConversations(readFileSync(join(import.meta.dir, "open.jsonl"), "utf8"));
const areas = Map.groupBy(conversations, ({ name }) => name.split("/")[0] ?? name);
const LIMIT_MS = 55_000;

/** Answers that are others on purpose, as docs/differences.md has it: the recorded ones fail scrapes of Prometheus. */
const REFUSED = /^proto\/(no|empty) name(, scraped as proto)?$/;

/** Tests that servers answer as it was recorded. */
export function answersAlike(create: () => Servers | Promise<Servers>): void {
  let servers: Servers;
  const errors = { same: 0, all: 0 };
  beforeAll(async () => {
    servers = await create();
  });
  afterAll(() => servers[Symbol.asyncDispose]());

  test.each([...areas])(
    "every answer in the area %s is the recorded one",
    async (_, members) => {
      const failures: string[] = [];
      for (const conversation of members)
        if (!REFUSED.test(conversation.name)) failures.push(...(await failure(conversation)));
      expect(failures.join("\n")).toBe("");
    },
    LIMIT_MS,
  );

  test("a metric family without a name is refused, which is recorded as taken", async () => {
    const refused = conversations.filter(({ name }) => REFUSED.test(name));
    expect(refused).toHaveLength(4);
    for (const { name, ...conversation } of refused)
      expect((await failure({ name, ...conversation })).join()).toContain("step 1: status: expected 200, got 400");
  });

  test("error texts are the recorded ones in at least 90 of 100 cases", () => {
    expect(errors.all).toBeGreaterThan(0);
    expect(errors.same / errors.all).toBeGreaterThanOrEqual(0.9);
  });

  /** The conversation's name with what differs, or nothing. */
  async function failure(conversation: Conversation): Promise<string[]> {
    try {
      const seen = await replay(servers, conversation);
      const { same, all } = sameErrors(conversation.expected, seen);
      errors.same += same;
      errors.all += all;
      const found = differences(conversation.expected, seen);
      return found.length === 0 ? [] : [`${conversation.name}\n  ${found.slice(0, 5).join("\n  ")}`];
    } catch (problem) {
      return [`${conversation.name}\n  ${problem}`];
    }
  }
}

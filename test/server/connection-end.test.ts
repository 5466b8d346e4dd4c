import { describe, expect, test } from "bun:test";
import { GET, POST, pushes, Stand, Waiting } from "./connection-stand.ts";

describe("a connection that is asked to end, the server being at its end", () => {
  test("is closed where it has nothing to do", async () => {
    const stand = new Stand();
    stand.say(GET);
    stand.connection.finish(false);
    expect(stand.ending).toBe("close");
  });

  test("answers the request under way, says that this is the last answer, and ends behind it", async () => {
    const waiting = new Waiting();
    const stand = new Stand(() => waiting.handler);
    stand.say(GET);
    stand.connection.finish(false);
    expect(stand.ending).toBe("none");
    waiting.answer();
    await stand.settle();
    expect([stand.statuses, stand.ending]).toEqual([["200 close"], "end"]);
  });

  test("takes in the body that is on its way", async () => {
    const taken: string[] = [];
    const stand = new Stand(pushes(taken));
    stand.say(`${POST}Content-Length: 8\r\n\r\nm 1\n`);
    stand.connection.finish(false);
    await stand.pass(29);
    stand.say("m 2\n");
    await stand.settle();
    expect([taken, stand.statuses, stand.ending]).toEqual([["m 1\nm 2\n"], ["200 close"], "end"]);
  });

  test("answers none of the requests that wait behind the one under way: they were not begun", async () => {
    const waiting = new Waiting();
    const stand = new Stand(() => waiting.handler);
    stand.say(GET.repeat(3));
    stand.connection.finish(false);
    waiting.answer();
    await stand.settle();
    expect([waiting.exchanges.length, stand.statuses, stand.ending]).toEqual([1, ["200 close"], "end"]);
  });

  test("with half a header of a second request is ended, the client having a while to read the first answer", async () => {
    const stand = new Stand();
    stand.say(`${GET}GET /a`);
    stand.connection.finish(false);
    expect([stand.statuses, stand.ending]).toEqual([["200"], "end"]);
    await stand.pass(2);
    expect(stand.ending).toBe("destroy");
  });

  test("that came just now answers its first request, which may be on its way", async () => {
    const stand = new Stand();
    stand.connection.finish(false);
    expect(stand.ending).toBe("none");
    stand.say(GET);
    expect([stand.statuses, stand.ending]).toEqual([["200 close"], "end"]);
  });

  test("that came just now and asks nothing is closed a second later", async () => {
    const stand = new Stand();
    stand.connection.finish(false);
    await stand.pass(1);
    expect(stand.ending).toBe("close");
  });

  test("whose reader is in the midst of an answer goes on until that is sent", async () => {
    const stand = new Stand();
    stand.transport.isFull = true;
    stand.say(GET);
    stand.connection.finish(false);
    expect(stand.ending).toBe("none");
    stand.connection.drained();
    await stand.settle();
    expect(stand.ending).toBe("end");
  });

  test("is ended at once where it is forced to, whatever is under way", () => {
    const stand = new Stand(() => new Waiting().handler);
    stand.say(GET);
    stand.connection.finish(true);
    expect(stand.ending).toBe("destroy");
  });
});

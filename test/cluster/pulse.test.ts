import { expect, test } from "bun:test";
import { Pulse } from "../../src/cluster/pulse.ts";

function pulse() {
  const told: string[] = [];
  const events = {
    lost: (reason: string) => told.push(`lost: ${reason}`),
    found: (s: number) => told.push(`found ${s}`),
  };
  return { told, pulse: new Pulse(3000, events) };
}

test("the log is lost once something has gone unanswered for the whole patience, and told once", () => {
  const { told, pulse: of } = pulse();
  of.failed("append", 1000);
  of.explain("no responders");
  of.look(3999);
  expect(told).toEqual([]);
  of.failed("append", 3900);
  of.explain("timeout");
  of.look(4000);
  of.look(5000);
  expect(told).toEqual(["lost: timeout"]);
});

test("it is found when all is answered again", () => {
  const { told, pulse: of } = pulse();
  of.failed("append", 1000);
  of.failed("head", 2000);
  of.look(4000);
  of.answered("append", 5000);
  expect(told).toEqual(["lost: it does not answer"]);
  of.answered("head", 6000);
  expect(told).toEqual(["lost: it does not answer", "found 5"]);
});

test("what is answered in time is not told", () => {
  const { told, pulse: of } = pulse();
  of.failed("head", 1000);
  of.answered("head", 3500);
  of.look(9000);
  expect(told).toEqual([]);
});

test("what was said before all was answered does not explain what fails later", () => {
  const { told, pulse: of } = pulse();
  of.explain("connecting to a:4222: connection refused");
  of.failed("head", 0);
  of.answered("head", 1000);
  of.failed("head", 2000);
  of.look(5000);
  expect(told).toEqual(["lost: it does not answer"]);
});

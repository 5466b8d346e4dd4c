import { describe, expect, test } from "bun:test";
import { type Environment, inheritedDescriptors } from "../../src/systemd/listen-fds.ts";

describe("the descriptors that an environment hands over to process 42", () => {
  const CASES: [environment: Environment, descriptors: number[]][] = [
    [{ LISTEN_PID: "42", LISTEN_FDS: "1" }, [3]],
    [{ LISTEN_PID: "42", LISTEN_FDS: "3", LISTEN_FDNAMES: "a:b:c" }, [3, 4, 5]],
    [{ LISTEN_PID: "42", LISTEN_FDS: "0" }, []],
    [{ LISTEN_PID: "43", LISTEN_FDS: "1" }, []],
    [{ LISTEN_PID: "42" }, []],
    [{ LISTEN_FDS: "1" }, []],
    [{}, []],
    [{ LISTEN_PID: "42", LISTEN_FDS: "-1" }, []],
    [{ LISTEN_PID: "42", LISTEN_FDS: "1x" }, []],
    [{ LISTEN_PID: "42", LISTEN_FDS: "999999999" }, []],
    [{ LISTEN_PID: "42.0", LISTEN_FDS: "1" }, []],
  ];

  test.each(CASES)("%j gives %j", (environment, descriptors) => {
    expect(inheritedDescriptors(environment, 42)).toEqual(descriptors);
  });
});

import { describe, expect, test } from "bun:test";
import type { ClusterSettings } from "../../src/config/cluster.ts";
import { parseCommandLine } from "../../src/config/command-line.ts";
import { PROGRAM } from "../program-info.ts";

/** What the flags make, or the error that is printed. */
function clusterOf(...flags: string[]): ClusterSettings | null | string {
  const line = parseCommandLine(flags, PROGRAM);
  if (line.kind === "run") return line.settings.cluster;
  return line.kind === "fail" ? line.text : line.kind;
}

const ONE: ClusterSettings = {
  name: "pushgateway",
  servers: ["a:4222"],
  isTls: false,
  timeoutMs: 12_000,
  copies: 3,
  files: { credentials: "", tlsCa: "", tlsCert: "", tlsKey: "" },
};

describe("the flags of a cluster", () => {
  test.each([
    { flags: [], expected: null },
    { flags: ["--cluster.name=x"], expected: null },
    { flags: ["--cluster.url=nats://a"], expected: ONE },
    { flags: ["--cluster.url=nats://a:4222/"], expected: ONE },
    {
      flags: ["--cluster.url=nats://a:1, nats://b.example,nats://[::1]:4223"],
      expected: { ...ONE, servers: ["a:1", "b.example:4222", "[::1]:4223"] },
    },
    { flags: ["--cluster.url=tls://a"], expected: { ...ONE, isTls: true } },
    {
      flags: ["--cluster.url=nats://a", "--cluster.name=b-1_C", "--cluster.timeout=1m", "--cluster.replicas=5"],
      expected: { ...ONE, name: "b-1_C", timeoutMs: 60_000, copies: 5 },
    },
    {
      flags: ["--cluster.url=nats://a", "--cluster.credentials-file=c"],
      expected: { ...ONE, files: { ...ONE.files, credentials: "c" } },
    },
    {
      flags: ["--cluster.url=nats://a", "--cluster.tls-ca-file=ca"],
      expected: { ...ONE, isTls: true, files: { ...ONE.files, tlsCa: "ca" } },
    },
    {
      flags: ["--cluster.url=nats://a", "--cluster.tls-cert-file=c", "--cluster.tls-key-file=k"],
      expected: { ...ONE, isTls: true, files: { ...ONE.files, tlsCert: "c", tlsKey: "k" } },
    },
  ])("$flags", ({ flags, expected }) => {
    expect(clusterOf(...flags)).toEqual(expected);
  });

  const servers = (got: string) =>
    `--cluster.url must be servers as nats://host:port, or all as tls://host:port, separated by commas, got "${got}"`;

  test.each([
    ...[
      "a:4222",
      "http://a",
      "nats://",
      "nats://a,",
      "nats://a,tls://b",
      "nats://a/b",
      "nats://a?x=1",
      "nats://a b",
    ].map((url) => ({ flags: [`--cluster.url=${url}`], words: servers(url) })),
    {
      flags: ["--cluster.url=nats://me:secret@a"],
      words: "--cluster.url must hold no user and no password: put them into --cluster.credentials-file",
    },
    {
      flags: ["--cluster.url=nats://a", "--cluster.name=a.b"],
      words: '--cluster.name must be 1 to 64 letters, digits, - or _, got "a.b"',
    },
    {
      flags: ["--cluster.url=nats://a", "--cluster.name="],
      words: '--cluster.name must be 1 to 64 letters, digits, - or _, got ""',
    },
    {
      flags: ["--cluster.url=nats://a", "--cluster.timeout=0s"],
      words: "--cluster.timeout must be more than 0, got 0s",
    },
    {
      flags: ["--cluster.url=nats://a", "--cluster.replicas=0"],
      words: "--cluster.replicas must be from 1 to 5, got 0",
    },
    {
      flags: ["--cluster.url=nats://a", "--cluster.replicas=6"],
      words: "--cluster.replicas must be from 1 to 5, got 6",
    },
    {
      flags: ["--cluster.url=nats://a", "--cluster.tls-key-file=k"],
      words: "--cluster.tls-cert-file and --cluster.tls-key-file must be given together",
    },
    { flags: ["--cluster.credentials-file=c"], words: "--cluster.credentials-file needs --cluster.url" },
  ])("$flags is refused", ({ flags, words }) => {
    expect(clusterOf(...flags)).toBe(`pushgateway: error: ${words}, try --help\n`);
  });
});

import { describe, expect, test } from "bun:test";
import { type CommandLine, parseCommandLine, type Settings } from "../../src/config/command-line.ts";
import type { ProgramInfo } from "../../src/config/program.ts";

const PROGRAM: ProgramInfo = {
  version: "2.0.0",
  revision: "f00d",
  branch: "main",
  buildUser: "root@builder",
  buildDate: "20261121-01:02:03",
  runtimeVersion: "1.4.5",
  platform: "linux/amd64",
};

const parse = (...argv: string[]): CommandLine => parseCommandLine(argv, PROGRAM);

function settingsOf(...argv: string[]): Settings {
  const line = parse(...argv);
  if (line.kind !== "run") throw new Error(`parsing ${argv.join(" ")}: ${line.text}`);
  return line.settings;
}

const DEFAULTS: Settings = {
  systemdSocket: false,
  webConfigFile: "",
  listenAddresses: [{ hostname: "::", port: 9091 }],
  telemetryPath: "/metrics",
  externalUrl: "",
  routePrefix: "",
  externalPathPrefix: "",
  corsOrigin: null,
  enableLifecycle: false,
  enableAdminApi: false,
  persistenceFile: "",
  persistenceIntervalMs: 300_000,
  persistenceSync: "always",
  persistenceRequired: false,
  consistencyCheck: true,
  utf8Names: false,
  limits: {
    push: {
      maxSeries: 500_000,
      maxFamilies: 50_000,
      maxLabels: 1000,
      maxTextBytes: 65_536,
    },
    store: { maxGroups: 1_000_000, maxSeries: 10_000_000, maxSizeBytes: 2 ** 31 },
    maxBodyBytes: 67_108_864,
    maxDecompressedBytes: 67_108_864,
    maxBufferedBytes: 2 ** 28,
    maxConnections: 10_000,
    maxPushesInFlight: 4096,
    maxScrapesInFlight: 64,
    bodyTimeoutMs: 30_000,
  },
  logLevel: "info",
  logFormat: "logfmt",
  flagValues: {
    "log.format": "logfmt",
    "log.level": "info",
    "persistence.file": "",
    "persistence.sync": "always",
    "persistence.interval": "5m0s",
    "persistence.required": "false",
    "push.disable-consistency-check": "false",
    "push.enable-utf8-names": "false",
    "push.max-body-size": "64MiB",
    "push.max-buffered-size": "256MiB",
    "push.max-decompressed-size": "64MiB",
    "push.max-families": "50000",
    "push.max-label-length": "64KiB",
    "push.max-labels": "1000",
    "push.max-series": "500000",
    "store.max-groups": "1000000",
    "store.max-series": "10000000",
    "store.max-size": "2GiB",
    "web.body-timeout": "30s",
    "web.max-connections": "10000",
    "web.max-pushes-in-flight": "4096",
    "web.max-scrapes-in-flight": "64",
    "web.config.file": "",
    "web.cors.origin": "",
    "web.enable-admin-api": "false",
    "web.enable-lifecycle": "false",
    "web.external-url": "",
    "web.listen-address": ":9091",
    "web.route-prefix": "",
    "web.systemd-socket": "false",
    "web.telemetry-path": "/metrics",
  },
};

test("without arguments every setting has the reference's default", () => {
  expect(parse()).toEqual({ kind: "run", settings: DEFAULTS });
});

test("the flags are listed for the status API in the order of their names", () => {
  const names = Object.keys(settingsOf().flagValues);
  expect(names).toEqual([...names].sort());
});

describe("an accepted command line changes the settings it names and no other", () => {
  type Case = [argv: string[], changed: Partial<Settings>, shown: Record<string, string>];
  const cases: Case[] = [
    [
      ["--web.listen-address=:0", "--web.listen-address", "[::1]:9092"],
      {
        listenAddresses: [
          { hostname: "::", port: 0 },
          { hostname: "::1", port: 9092 },
        ],
      },
      { "web.listen-address": ":0,[::1]:9092" },
    ],
    [["--web.telemetry-path", "/m"], { telemetryPath: "/m" }, { "web.telemetry-path": "/m" }],
    [
      ["--web.external-url=HTTP://proxy:80/pg/"],
      { externalUrl: "http://proxy:80/pg/", routePrefix: "/pg", externalPathPrefix: "/pg" },
      { "web.external-url": "http://proxy:80/pg/", "web.route-prefix": "/pg" },
    ],
    [
      ["--web.external-url=pg", "--web.route-prefix=/"],
      { externalUrl: "pg", routePrefix: "", externalPathPrefix: "/pg" },
      { "web.external-url": "pg", "web.route-prefix": "" },
    ],
    [["--web.enable-lifecycle"], { enableLifecycle: true }, { "web.enable-lifecycle": "true" }],
    [["--no-web.enable-lifecycle"], {}, {}],
    [["--web.enable-admin-api"], { enableAdminApi: true }, { "web.enable-admin-api": "true" }],
    [["--persistence.file="], {}, {}],
    [["--persistence.file", ""], {}, {}],
    [["--web.config.file="], {}, {}],
    [["--web.config.file=web.yml"], { webConfigFile: "web.yml" }, { "web.config.file": "web.yml" }],
    [["--no-web.systemd-socket"], {}, {}],
    [["--web.systemd-socket"], { systemdSocket: true }, { "web.systemd-socket": "true" }],
    [["--persistence.interval=90s"], { persistenceIntervalMs: 90_000 }, { "persistence.interval": "1m30s" }],
    [["--push.disable-consistency-check"], { consistencyCheck: false }, { "push.disable-consistency-check": "true" }],
    [["--push.enable-utf8-names"], { utf8Names: true }, { "push.enable-utf8-names": "true" }],
    [
      ["--store.max-groups=0010", "--store.max-series=0", "--store.max-size=2048KB"],
      { limits: { ...DEFAULTS.limits, store: { maxGroups: 10, maxSeries: Infinity, maxSizeBytes: 2_097_152 } } },
      { "store.max-groups": "10", "store.max-series": "0", "store.max-size": "2MiB" },
    ],
    [["--log.level=WARN"], { logLevel: "warn" }, { "log.level": "warn" }],
    [["--log.format=json"], { logFormat: "json" }, { "log.format": "json" }],
    [
      ["-log.format=json", "-log.level", "debug"],
      { logFormat: "json", logLevel: "debug" },
      { "log.format": "json", "log.level": "debug" },
    ],
    [["-no-web.enable-admin-api", "-persistence.file="], {}, {}],
    [["-web.listen-address", ":1"], { listenAddresses: [{ hostname: "::", port: 1 }] }, { "web.listen-address": ":1" }],
    [["--web.route-prefix", "-"], { routePrefix: "" }, {}],
    [["--web.route-prefix", "--", "--x"], { routePrefix: "/--x" }, { "web.route-prefix": "/--x" }],
    [["--web.enable-lifecycle", "--"], { enableLifecycle: true }, { "web.enable-lifecycle": "true" }],
  ];
  for (const [argv, changed, shown] of cases) {
    test(argv.join(" "), () => {
      expect(settingsOf(...argv)).toEqual({
        ...DEFAULTS,
        ...changed,
        flagValues: { ...DEFAULTS.flagValues, ...shown },
      });
    });
  }
});

describe("a faulty command line ends with kingpin's words on one line", () => {
  const cases: [argv: string[], words: string][] = [
    [["--x"], "unknown long flag '--x'"],
    [["--x=1"], "unknown long flag '--x'"],
    [["--=x"], "unknown long flag '--'"],
    [["-x"], "unknown short flag '-x'"],
    [["-hx"], "unknown short flag '-x'"],
    [["-é"], "unknown short flag '-é'"],
    [["-web.unknown"], "unknown short flag '-w'"],
    [["foo"], "unexpected foo"],
    [["-"], "unexpected "],
    [["--", "--help"], "unexpected --help"],
    [["--web.enable-lifecycle=true"], "unexpected true"],
    [["--web.enable-lifecycle", "true"], "unexpected true"],
    [["-web.enable-lifecycle=true"], "unexpected true"],
    [["--web.listen-address"], "expected argument for flag '--web.listen-address'"],
    [["--web.listen-address", "--help"], "expected argument for flag '--web.listen-address'"],
    [["--persistence.interval", "-1ms"], "expected argument for flag '--persistence.interval'"],
    [["-web.route-prefix"], "expected argument for flag '--web.route-prefix'"],
    [["--no-web.route-prefix=x"], "unknown long flag '--no-web.route-prefix'"],
    [["--no-no-web.enable-lifecycle"], "unknown long flag '--no-no-web.enable-lifecycle'"],
    [["--web.route-prefix=a", "--web.route-prefix=a"], "flag 'web.route-prefix' cannot be repeated"],
    [["--web.enable-lifecycle", "--no-web.enable-lifecycle"], "flag 'web.enable-lifecycle' cannot be repeated"],
    [["--log.level=loud"], "unrecognized log level loud"],
    [["--log.format=JSON"], "unrecognized log format JSON"],
    [["--log.level=loud", "--log.format=JSON"], "unrecognized log level loud"],
    [["--persistence.interval=abc"], 'time: invalid duration "abc"'],
    [["--web.external-url=:x"], 'invalid URL: parse ":x": missing protocol scheme'],
    [["--web.listen-address=:70000"], "listen tcp: address 70000: invalid port"],
    [["--web.listen-address=:1", "--web.listen-address=x"], "listen tcp: address x: missing port in address"],
    [["--help", "--x"], "unknown long flag '--x'"],
    [["--x", "--version"], "unknown long flag '--x'"],
  ];
  for (const [argv, words] of cases) {
    test(argv.join(" "), () => {
      expect(parse(...argv)).toEqual({ kind: "fail", text: `pushgateway: error: ${words}, try --help\n` });
    });
  }
});

describe("help is printed, and wins over values that cannot be read", () => {
  const cases = [
    ["--help"],
    ["-h"],
    ["-help"],
    ["-hh"],
    ["--no-help"],
    ["--help-long", "--x"],
    ["--log.level=loud", "-h"],
  ];
  for (const argv of cases) {
    test(argv.join(" "), () => {
      const line = parse(...argv);
      expect(line.kind).toBe("print");
      if (line.kind === "print")
        expect(line.text).toStartWith("usage: pushgateway [<flags>]\n\nThe Pushgateway\n\nFlags:\n");
    });
  }
});

describe("the version is printed in the reference's lines, and wins over later faults", () => {
  const cases = [["--version"], ["-version"], ["--version", "--x"], ["--log.level=loud", "--version"]];
  for (const argv of cases) {
    test(argv.join(" "), () => {
      const text = [
        "pushgateway, version 2.0.0 (branch: main, revision: f00d)",
        "  build user:       root@builder",
        "  build date:       20261121-01:02:03",
        "  bun version:      1.4.5",
        "  platform:         linux/amd64",
        "  tags:             unknown\n",
      ].join("\n");
      expect(parse(...argv)).toEqual({ kind: "print", text });
    });
  }
});

test("of two pages that are asked for the first one is printed", () => {
  const line = parse("--help-man", "--version");
  expect(line.kind === "print" && line.text.startsWith(".TH pushgateway 1 pushgateway, version 2.0.0")).toBe(true);
});

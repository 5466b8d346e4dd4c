import { describe, expect, test } from "bun:test";
import { expandWords } from "../../src/config/arguments.ts";
import { type CommandLine, parseCommandLine, type Settings } from "../../src/config/command-line.ts";
import type { ProgramInfo } from "../../src/config/program.ts";
import { Fault } from "../../src/model/fault.ts";

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
  if (line.kind !== "run") throw new Error(`parsing ${argv.join(" ")}: got ${JSON.stringify(line)}`);
  return line.settings;
}

const DEFAULTS: Settings = {
  systemdSocket: false,
  webConfigFile: "",
  accessFile: "",
  listenAddresses: [":9091"],
  telemetryPath: "/metrics",
  externalUrl: "",
  routePrefix: "",
  externalPathPrefix: "",
  corsOrigin: null,
  trustedProxies: null,
  enableLifecycle: false,
  enableAdminApi: false,
  openMetrics: { isOffered: false, withCreated: true },
  persistenceFile: "",
  persistenceIntervalMs: 300_000,
  persistenceSync: "always",
  persistenceRequired: false,
  consistencyCheck: true,
  utf8Names: false,
  allowsNoJob: false,
  adding: { selectors: [], gauges: "replace", modeLabel: "", takesKeys: true },
  expiry: { ttlSeconds: -1, keepsPushTimes: false },
  limits: {
    push: {
      maxSeries: 500_000,
      maxFamilies: 50_000,
      maxLabels: 1000,
      maxLabelsBytes: 1_048_576,
      maxTextBytes: 65_536,
    },
    store: {
      maxGroups: 1_000_000,
      maxSeries: 10_000_000,
      maxFamilies: 200_000,
      maxSizeBytes: 2 ** 31,
      maxGroupSeries: 1_000_000,
      maxGroupBytes: 2 ** 28,
      pushIds: { maxPerGroup: 1000, windowSeconds: 3600 },
    },
    maxBodyBytes: 67_108_864,
    maxDecompressedBytes: 67_108_864,
    maxBufferedBytes: 2 ** 28,
    maxConnections: 10_000,
    maxPushesInFlight: 4096,
    maxScrapesInFlight: 64,
    maxHeldBytes: 2 ** 28,
    bodyTimeoutMs: 30_000,
  },
  pushes: { status: 200, dropsTimestamps: false, lenientText: false },
  cluster: null,
  logLevel: "info",
  logFormat: "logfmt",
  auditFile: "",
  ignoredFlags: [],
  flagValues: {
    "cluster.credentials-file": "",
    "cluster.name": "pushgateway",
    "cluster.replicas": "3",
    "cluster.timeout": "12s",
    "cluster.tls-ca-file": "",
    "cluster.tls-cert-file": "",
    "cluster.tls-key-file": "",
    "cluster.url": "",
    "log.audit": "",
    "log.format": "logfmt",
    "log.level": "info",
    "persistence.file": "",
    "persistence.sync": "always",
    "persistence.interval": "5m0s",
    "persistence.required": "false",
    "push.aggregate": "",
    "push.aggregate-gauges": "replace",
    "push.clearmode-label": "",
    "push.disable-consistency-check": "false",
    "push.enable-utf8-names": "false",
    "push.group-ttl": "0s",
    "push.idempotency-window": "1h0m0s",
    "push.max-idempotency-keys": "1000",
    "push.ttl-keep-times": "false",
    "push.allow-no-job": "false",
    "push.lenient-text": "false",
    "push.status": "200",
    "push.timestamps": "reject",
    "push.max-body-size": "64MiB",
    "push.max-buffered-size": "256MiB",
    "push.max-decompressed-size": "64MiB",
    "push.max-families": "50000",
    "push.max-label-length": "64KiB",
    "push.max-labels": "1000",
    "push.max-labels-size": "1MiB",
    "push.max-series": "500000",
    "store.max-families": "200000",
    "store.max-group-series": "1000000",
    "store.max-group-size": "256MiB",
    "store.max-groups": "1000000",
    "store.max-series": "10000000",
    "store.max-size": "2GiB",
    "web.body-timeout": "30s",
    "web.max-connections": "10000",
    "web.max-pushes-in-flight": "4096",
    "web.max-held-size": "256MiB",
    "web.max-scrapes-in-flight": "64",
    "web.config.file": "",
    "web.access-file": "",
    "web.cors.origin": "",
    "web.enable-admin-api": "false",
    "web.enable-lifecycle": "false",
    "web.enable-openmetrics": "false",
    "web.openmetrics-omit-created": "false",
    "web.external-url": "",
    "web.listen-address": ":9091",
    "web.route-prefix": "",
    "web.systemd-socket": "false",
    "web.telemetry-path": "/metrics",
    "web.trusted-proxies": "",
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
      { listenAddresses: [":0", "[::1]:9092"] },
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
    [
      ["--web.enable-openmetrics"],
      { openMetrics: { isOffered: true, withCreated: true } },
      { "web.enable-openmetrics": "true" },
    ],
    [
      ["--web.openmetrics-omit-created"],
      { openMetrics: { isOffered: false, withCreated: false } },
      { "web.openmetrics-omit-created": "true" },
    ],
    [["--persistence.file="], {}, {}],
    [["--persistence.file", ""], {}, {}],
    [["--web.config.file="], {}, {}],
    [["--web.config.file=web.yml"], { webConfigFile: "web.yml" }, { "web.config.file": "web.yml" }],
    [["--no-web.systemd-socket"], {}, {}],
    [["--web.systemd-socket"], { systemdSocket: true }, { "web.systemd-socket": "true" }],
    [["--persistence.interval=90s"], { persistenceIntervalMs: 90_000 }, { "persistence.interval": "1m30s" }],
    [["--push.disable-consistency-check"], { consistencyCheck: false }, { "push.disable-consistency-check": "true" }],
    [["--push.allow-no-job"], { allowsNoJob: true }, { "push.allow-no-job": "true" }],
    [["--push.status=200"], {}, {}],
    [["--push.status=202"], { pushes: { ...DEFAULTS.pushes, status: 202 } }, { "push.status": "202" }],
    [["--push.lenient-text"], { pushes: { ...DEFAULTS.pushes, lenientText: true } }, { "push.lenient-text": "true" }],
    [["--push.timestamps=reject"], {}, {}],
    [
      ["--push.timestamps=drop"],
      { pushes: { ...DEFAULTS.pushes, dropsTimestamps: true } },
      { "push.timestamps": "drop" },
    ],
    [
      ["--push.aggregate-gauges=min"],
      { adding: { ...DEFAULTS.adding, gauges: "min" } },
      { "push.aggregate-gauges": "min" },
    ],
    [["--push.aggregate={}"], { adding: { ...DEFAULTS.adding, selectors: [[]] } }, { "push.aggregate": "{}" }],
    [
      ["--push.clearmode-label=clearmode"],
      { adding: { ...DEFAULTS.adding, modeLabel: "clearmode" } },
      { "push.clearmode-label": "clearmode" },
    ],
    [
      ["--push.idempotency-window=90s"],
      {
        limits: {
          ...DEFAULTS.limits,
          store: { ...DEFAULTS.limits.store, pushIds: { maxPerGroup: 1000, windowSeconds: 90 } },
        },
      },
      { "push.idempotency-window": "1m30s" },
    ],
    [
      ["--push.max-idempotency-keys=0"],
      {
        adding: { ...DEFAULTS.adding, takesKeys: false },
        limits: {
          ...DEFAULTS.limits,
          store: { ...DEFAULTS.limits.store, pushIds: { maxPerGroup: 0, windowSeconds: 3600 } },
        },
      },
      { "push.max-idempotency-keys": "0" },
    ],
    [["--push.enable-utf8-names"], { utf8Names: true }, { "push.enable-utf8-names": "true" }],
    [
      ["--push.group-ttl=1h", "--push.ttl-keep-times"],
      { expiry: { ttlSeconds: 3600, keepsPushTimes: true } },
      { "push.group-ttl": "1h0m0s", "push.ttl-keep-times": "true" },
    ],
    [["--push.group-ttl=0"], {}, {}],
    [["--metric.timetolive=60s"], { expiry: { ttlSeconds: 60, keepsPushTimes: false } }, { "push.group-ttl": "1m0s" }],
    [["-metric.timetolive=60s"], { expiry: { ttlSeconds: 60, keepsPushTimes: false } }, { "push.group-ttl": "1m0s" }],
    [["--metrics.ttl", "1.5s"], { expiry: { ttlSeconds: 1.5, keepsPushTimes: false } }, { "push.group-ttl": "1.5s" }],
    [
      ["--metrics.ttl=60s", "--push.group-ttl=1m", "--metric.timetolive=0h1m"],
      { expiry: { ttlSeconds: 60, keepsPushTimes: false } },
      { "push.group-ttl": "1m0s" },
    ],
    [
      ["--store.max-groups=0010", "--store.max-series=0", "--store.max-size=2048KB"],
      {
        limits: {
          ...DEFAULTS.limits,
          store: { ...DEFAULTS.limits.store, maxGroups: 10, maxSeries: Infinity, maxSizeBytes: 2_097_152 },
        },
      },
      { "store.max-groups": "10", "store.max-series": "0", "store.max-size": "2MiB" },
    ],
    [["--web.listen-address="], { listenAddresses: [""] }, { "web.listen-address": "" }],
    [["--web.listen-address=nonsense"], { listenAddresses: ["nonsense"] }, { "web.listen-address": "nonsense" }],
    [["--web.local-assets=/usr/share/x"], { ignoredFlags: ["--web.local-assets"] }, {}],
    [["--log.level=WARN"], { logLevel: "warn" }, { "log.level": "warn" }],
    [["--log.format=json"], { logFormat: "json" }, { "log.format": "json" }],
    [
      ["-log.format=json", "-log.level", "debug"],
      { logFormat: "json", logLevel: "debug" },
      { "log.format": "json", "log.level": "debug" },
    ],
    [["-no-web.enable-admin-api", "-persistence.file="], {}, {}],
    [["-web.listen-address", ":1"], { listenAddresses: [":1"] }, { "web.listen-address": ":1" }],
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
    [["--push.group-ttl=10"], 'time: missing unit in duration "10"'],
    [["--push.group-ttl=-1m"], "--push.group-ttl must not be negative, got -1m0s"],
    ...["job", "le", "__name__", "a-b", "a:b"].map((name): [string[], string] => [
      [`--push.clearmode-label=${name}`],
      `--push.clearmode-label: "${name}" is no label that series can do without`,
    ]),
    [["--push.idempotency-window=0"], "--push.idempotency-window must be positive, got 0s"],
    [["--push.max-idempotency-keys=10001"], "--push.max-idempotency-keys must not be above 10000, got 10001"],
    [["--metrics.ttl=x"], 'time: invalid duration "x"'],
    [["--metrics.ttl=1m", "--metrics.ttl=1m"], "flag 'metrics.ttl' cannot be repeated"],
    [
      ["--metrics.ttl=1m", "--push.group-ttl=2m"],
      "flag 'push.group-ttl' cannot be repeated with another value: got 1m0s and 2m0s",
    ],
    [
      ["--push.group-ttl=1m", "--metric.timetolive=0"],
      "flag 'push.group-ttl' cannot be repeated with another value: got 1m0s and 0s",
    ],
    [["export", "f", "--metrics.ttl=1m"], "unknown long flag '--metrics.ttl'"],
    [["--web.external-url=:x"], 'invalid URL: parse ":x": missing protocol scheme'],
    [
      ["--web.trusted-proxies=10.0.0.0/8,x"],
      'invalid network "x", expected an address or a CIDR like 10.0.0.0/8 or fd00::/8',
    ],
    [["--web.local-assets"], "expected argument for flag '--web.local-assets'"],
    [["--log.format=logger:stderr?json=true"], "unrecognized log format logger:stderr?json=true"],
    [["-log.at-level=debug"], "unknown short flag '-l'"],
    [["--persistence.sync=never"], "enum value must be one of always,interval, got 'never'"],
    [["--log.level=debug", "export", "f"], "unexpected export"],
    [["export"], "required argument 'file' not provided"],
    [["export", "a", "b"], "unexpected b"],
    [["export", "a", "--format=xml"], "enum value must be one of text,gob, got 'xml'"],
    [["export", "--format", "gob", "--web.route-prefix=x", "a"], "unknown long flag '--web.route-prefix'"],
    [["export", "--format=gob", "--format=gob", "a"], "flag 'format' cannot be repeated"],
    [["healthcheck", "http://h/"], "unexpected http://h/"],
    [["healthcheck", "--verbose"], "unknown long flag '--verbose'"],
    [["healthcheck", "--url"], "expected argument for flag '--url'"],
    [["healthcheck", "--url=h:9091"], '--url must be an http or https URL, got "h:9091"'],
    [["healthcheck", "--url="], '--url must be an http or https URL, got ""'],
    [["healthcheck", "--url=ftp://h/"], '--url must be an http or https URL, got "ftp://h/"'],
    [["help", "serve"], 'expected command but got "serve"'],
    [["help", "export", "x"], "unexpected x"],
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
    ["help"],
  ];
  for (const argv of cases) {
    test(argv.join(" "), () => {
      const line = parse(...argv);
      expect(line.kind).toBe("print");
      if (line.kind === "print")
        expect(line.text).toStartWith(
          "usage: pushgateway [<flags>] [<command> [<args> ...]]\n\nThe Pushgateway\n\nFlags:\n",
        );
    });
  }
});

describe("the commands have their own flags, in the same grammar", () => {
  const EXPORTS = [
    { argv: ["export", "f"], format: "text", file: "f" },
    { argv: ["export", "f", "--format", "gob"], format: "gob", file: "f" },
    { argv: ["export", "-format=gob", "--", "-f"], format: "gob", file: "-f" },
    { argv: ["export", "--format=text", ""], format: "text", file: "" },
  ] as const;
  test.each([...EXPORTS])("$argv", ({ argv, format, file }) => {
    expect(parse(...argv)).toEqual({ kind: "export", format, file });
  });

  const HEALTHCHECKS = [
    { argv: ["healthcheck"], url: null, insecure: false },
    { argv: ["healthcheck", "--insecure"], url: null, insecure: true },
    { argv: ["healthcheck", "--no-insecure", "--url=http://h:1"], url: "http://h:1/-/healthy", insecure: false },
    {
      argv: ["healthcheck", "--url", "https://h/p/-/healthy", "--insecure"],
      url: "https://h/p/-/healthy",
      insecure: true,
    },
  ];
  test.each(HEALTHCHECKS)("$argv", ({ argv, url, insecure }) => {
    const line = parse(...argv);
    expect(line).toMatchObject({ kind: "healthcheck", insecure });
    expect(line.kind === "healthcheck" ? (line.url?.href ?? null) : "").toBe(url);
  });
});

describe("a word @FILE stands for the lines of a file, as kingpin expands it", () => {
  const FILES: Record<string, string> = {
    args: "# flags\n--log.level=warn\n\n  \r\n--web.route-prefix\r\n/x y\n",
    nested: "--log.format=json\n@args",
    value: "/p\n--log.level=warn",
    end: "--\n--log.level=warn",
    command: "export\n--format=gob\nfile",
    itself: "--log.level=warn\n@loop",
    loop: "@itself",
    indented: " --log.level=warn",
  };
  const read = (path: string) =>
    FILES[path] ?? new Fault(path === "dir" ? "read dir: is a directory" : `open ${path}: no such file or directory`);
  const NOT_THERE = 'failed to open arguments file "none": open none: no such file or directory';

  const TAKEN = [
    { argv: ["@args"], same: ["--log.level=warn", "--web.route-prefix", "/x y"] },
    {
      argv: ["@nested", "--web.enable-lifecycle"],
      same: ["--log.format=json", "--log.level=warn", "--web.route-prefix=/x y", "--web.enable-lifecycle"],
    },
    { argv: ["--web.route-prefix", "@value"], same: ["--web.route-prefix=/p", "--log.level=warn"] },
    { argv: ["--web.route-prefix=@value"], same: ["--web.route-prefix=@value"] },
    { argv: ["@command"], same: ["export", "--format=gob", "file"] },
    { argv: ["export", "--", "@args"], same: ["export", "--", "@args"] },
    { argv: ["--version", "@none"], same: ["--version"] },
  ];
  test.each(TAKEN)("$argv means $same", ({ argv, same }) => {
    expect(parseCommandLine(expandWords(argv, read), PROGRAM)).toEqual(parse(...same));
  });

  const REFUSED = [
    { argv: ["@none"], words: NOT_THERE },
    { argv: ["@none", "--version"], words: NOT_THERE },
    { argv: ["--help", "@none"], words: NOT_THERE },
    { argv: ["--log.level=loud", "@none"], words: NOT_THERE },
    { argv: ["@dir"], words: 'failed to read arguments from "dir": read dir: is a directory' },
    { argv: ["@"], words: "expected @ file to expand arguments from" },
    { argv: ["@@args"], words: 'failed to open arguments file "@args": open @args: no such file or directory' },
    { argv: ["--web.route-prefix", "@none"], words: "expected argument for flag '--web.route-prefix'" },
    { argv: ["--web.route-prefix", "@args"], words: "expected argument for flag '--web.route-prefix'" },
    { argv: ["--", "@args"], words: "unexpected @args" },
    { argv: ["@end"], words: "unexpected --log.level=warn" },
    { argv: ["@end", "@none"], words: "unexpected --log.level=warn" },
    { argv: ["@indented"], words: "unexpected  --log.level=warn" },
    { argv: ["-h@args"], words: "unknown short flag '-@'" },
    { argv: ["@loop"], words: 'arguments file "loop" names itself' },
  ];
  test.each(REFUSED)("$argv: $words", ({ argv, words }) => {
    const text = `pushgateway: error: ${words}, try --help\n`;
    expect(parseCommandLine(expandWords(argv, read), PROGRAM)).toEqual({ kind: "fail", text });
  });
});

describe("what a shell may complete a command line with", () => {
  const COMMANDS = "help\nexport\nhealthcheck\ncheck-config\nhash-token";
  const CASES = [
    { argv: [], words: COMMANDS },
    { argv: ["ex"], words: COMMANDS },
    { argv: ["help", ""], words: COMMANDS },
    { argv: ["export", "--"], words: "--help\n--format\n--version" },
    { argv: ["export", "--format"], words: "text\ngob" },
    { argv: ["export", "--format", "g"], words: "text\ngob" },
    { argv: ["export", ""], words: "" },
    { argv: ["--log.level", ""], words: "debug\ninfo\nwarn\nerror" },
    { argv: ["--persistence.file", ""], words: "" },
  ];
  test.each(CASES)("$argv", ({ argv, words }) => {
    expect(parse("--completion-bash", ...argv)).toEqual({ kind: "print", text: words });
  });

  test("a dash begins every flag of the server that is not hidden", () => {
    const line = parse("--completion-bash", "--web");
    const flags = line.kind === "print" ? line.text.split("\n") : [];
    expect(flags).toContain("--web.listen-address");
    expect(flags).not.toContain("--web.local-assets");
  });
});

describe("each command has a help text of its own", () => {
  const CASES = [
    { argv: ["export", "--help"], begins: "usage: pushgateway export [<flags>] <file>\n\nWrite what" },
    { argv: ["export", "f", "-h", "--format=xml"], begins: "usage: pushgateway export [<flags>] <file>\n\nWrite what" },
    { argv: ["help", "export"], begins: "usage: pushgateway export [<flags>] <file>\n\nWrite what" },
    { argv: ["healthcheck", "--help"], begins: "usage: pushgateway healthcheck [<flags>]\n\nExit with 0" },
    { argv: ["help", "-h"], begins: "usage: pushgateway help [<flags>] [<command>]\n\nShow help.\n" },
    { argv: ["export", "--version"], begins: "pushgateway, version 2.0.0 " },
    { argv: ["healthcheck", "--help-man"], begins: ".TH pushgateway 1 " },
  ];
  test.each(CASES)("$argv", ({ argv, begins }) => {
    const line = parse(...argv);
    expect(line.kind === "print" ? line.text : line.kind).toStartWith(begins);
  });
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

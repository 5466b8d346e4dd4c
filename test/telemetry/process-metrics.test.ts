import { describe, expect, test } from "bun:test";
import { ProcessMetrics } from "../../src/telemetry/process-metrics.ts";
import { fixedMetrics, linesOf, PROC_FILES, procReader } from "./fixtures.ts";

const LINES: readonly (readonly [name: string, value: string])[] = [
  ["process_cpu_seconds_total", "3.25"],
  ["process_max_fds", "20000"],
  ["process_network_receive_bytes_total", "3.489637869e+09"],
  ["process_network_transmit_bytes_total", "999999"],
  ["process_open_fds", "11"],
  ["process_resident_memory_bytes", "6.4462848e+07"],
  ["process_start_time_seconds", "1.79522723456e+09"],
  ["process_virtual_memory_bytes", "6.714929152e+09"],
  ["process_virtual_memory_max_bytes", "1.8446744073709552e+19"],
];

const STAT = ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes"];
const START = "process_start_time_seconds";
const LIMITS = ["process_max_fds", "process_virtual_memory_max_bytes"];
const NETWORK = ["process_network_receive_bytes_total", "process_network_transmit_bytes_total"];

/** The figures of the made-up process with some of its files replaced, or missing where null. */
function figuresWith(changes: Readonly<Record<string, string | null>>): ReadonlyMap<string, number> {
  const files = Object.entries({ ...PROC_FILES, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  const metrics = new ProcessMetrics({
    readProcFile: procReader(Object.fromEntries(files)),
    countOpenFds: () => 11,
    pageSizeBytes: 4096,
    clockTicksPerSecond: 100,
  });
  return new Map(metrics.read());
}

describe("ProcessMetrics", () => {
  test.each(LINES)("%s is read from /proc as %s", (name, value) => {
    expect(linesOf(fixedMetrics().gather(), name)).toBe(`${name} ${value}\n`);
  });

  const MISSING: readonly (readonly [path: string, content: string | null, left: readonly string[]])[] = [
    ["/proc/self/stat", null, [...STAT, START]],
    ["/proc/self/stat", "no such thing", [...STAT, START]],
    ["/proc/stat", null, [START]],
    ["/proc/stat", "cpu 1\n", [START]],
    ["/proc/self/limits", null, LIMITS],
    ["/proc/self/limits", "Max open files            \n", LIMITS],
    ["/proc/self/net/netstat", null, NETWORK],
    ["/proc/self/net/netstat", "TcpExt: A\nTcpExt: 1\n", NETWORK],
  ];

  test.each(MISSING)("%s with the content %p leaves out just the families that need it", (path, content, left) => {
    const expected = LINES.map(([name]) => name).filter((name) => !left.includes(name));
    expect([...figuresWith({ [path]: content }).keys()].sort()).toEqual(expected);
  });

  test("octets that the kernel does not count are 0", () => {
    const figures = figuresWith({ "/proc/self/net/netstat": "IpExt: InOctets\nIpExt: 7\n" });
    expect(NETWORK.map((name) => figures.get(name))).toEqual([7, 0]);
  });

  test("open descriptors that cannot be counted leave out their family alone", () => {
    const families = fixedMetrics({
      countOpenFds: () => {
        throw new Error("EACCES");
      },
    }).gather();
    expect(linesOf(families, "process_open_fds")).toBe("");
    expect(linesOf(families, "process_max_fds")).toBe("process_max_fds 20000\n");
  });

  test("the boot time is read once, the other files on each reading", () => {
    const paths: string[] = [];
    const read = procReader(PROC_FILES);
    const metrics = fixedMetrics({
      readProcFile: (path) => {
        paths.push(path);
        return read(path);
      },
    });
    metrics.gather();
    metrics.gather();
    const times = (path: string) => paths.filter((seen) => seen === path).length;
    expect(times("/proc/stat")).toBe(1);
    expect(times("/proc/self/stat")).toBe(2);
  });
});

import type { OwnFamilyName } from "./own-families.ts";

/** How the process sees itself; all of it is Linux's. */
export interface ProcessDeps {
  /** The content of a file below /proc; throws where it cannot be read. */
  readonly readProcFile: (path: string) => string;
  /**
   * The number of open file descriptors; throws if it is unknown. Since Linux 6.2 that is the size of /proc/self/fd in
   * stat(2); if this is 0, the entries of the directory must be counted.
   */
  readonly countOpenFds: () => number;
  /** sysconf(_SC_PAGESIZE), 4096 nearly everywhere. */
  readonly pageSizeBytes: number;
  /** sysconf(_SC_CLK_TCK), 100 on every Linux of today. */
  readonly clockTicksPerSecond: number;
}

export type ProcessFigures = [name: OwnFamilyName, value: number][];

/** What `unlimited` is printed as: the largest unsigned integer of 64 bits, rounded to a double. */
const UNLIMITED = 2 ** 64;

/**
 * Reads the figures of the process when asked. Each file that is missing or not in the known form leaves out the
 * families that it would have fed. The start time is worked out once.
 */
export class ProcessMetrics {
  private startTimeSeconds: number | null = null;

  constructor(private readonly deps: ProcessDeps) {}

  /** The figures at this moment, in no particular order. */
  read(): ProcessFigures {
    const figures = [...this.stat(), ...this.limits(), ...this.network(), ...this.openFds()];
    return figures.filter(([, value]) => Number.isFinite(value));
  }

  /** proc_pid_stat(5): fields are counted from behind the command, which may itself hold blanks and parentheses. */
  private stat(): ProcessFigures {
    const text = this.readFile("/proc/self/stat");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const field = (number: number) => Number.parseInt(fields[number - 3] ?? "", 10);
    const { clockTicksPerSecond, pageSizeBytes } = this.deps;
    return [
      ["process_cpu_seconds_total", (field(14) + field(15)) / clockTicksPerSecond],
      ["process_start_time_seconds", this.startTime(field(22))],
      ["process_virtual_memory_bytes", field(23)],
      ["process_resident_memory_bytes", field(24) * pageSizeBytes],
    ];
  }

  /** `ticks` since the boot, of which proc_stat(5) has the time. */
  private startTime(ticks: number): number {
    if (this.startTimeSeconds !== null) return this.startTimeSeconds;
    const bootSeconds = Number.parseInt(/^btime (\d+)$/m.exec(this.readFile("/proc/stat"))?.[1] ?? "", 10);
    const startSeconds = bootSeconds + ticks / this.deps.clockTicksPerSecond;
    if (Number.isFinite(startSeconds)) this.startTimeSeconds = startSeconds;
    return startSeconds;
  }

  private limits(): ProcessFigures {
    const text = this.readFile("/proc/self/limits");
    return [
      ["process_max_fds", softLimit(text, "Max open files")],
      ["process_virtual_memory_max_bytes", softLimit(text, "Max address space")],
    ];
  }

  /** The traffic of the network namespace, which is as close as /proc comes. */
  private network(): ProcessFigures {
    const [names, values] = this.readFile("/proc/self/net/netstat")
      .split("\n")
      .filter((line) => line.startsWith("IpExt: "))
      .map((line) => line.split(" "));
    if (names === undefined || values === undefined) return [];
    const octets = (name: string) => Number.parseInt(values[names.indexOf(name)] ?? "0", 10);
    return [
      ["process_network_receive_bytes_total", octets("InOctets")],
      ["process_network_transmit_bytes_total", octets("OutOctets")],
    ];
  }

  private openFds(): ProcessFigures {
    try {
      return [["process_open_fds", this.deps.countOpenFds()]];
    } catch {
      return [];
    }
  }

  /** Empty where the file cannot be read: nothing is found in it then. */
  private readFile(path: string): string {
    try {
      return this.deps.readProcFile(path);
    } catch {
      return "";
    }
  }
}

/** The soft limit of a line of proc_pid_limits(5); NaN where there is no such line. */
function softLimit(text: string, label: string): number {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${label} `));
  const word = line?.slice(label.length).trim().split(/\s+/)[0] ?? "";
  return word === "unlimited" ? UNLIMITED : Number.parseInt(word, 10);
}

import { Fault } from "../model/fault.ts";
import type { TlsOptions } from "../server/tls-options.ts";
import type { AuditLog } from "../telemetry/audit-log.ts";
import type { Log } from "../telemetry/log.ts";
import { bcryptFault } from "./bcrypt.ts";
import { isTlsEnabled, readTlsOptions, requiresCertificate, tlsFiles, UnloadableCertificate } from "./tls-settings.ts";
import type { WatchedFiles } from "./watched-files.ts";
import { parseWebConfig, type WebConfig } from "./web-config.ts";

/** The files that a web-config file lives among. */
export interface WebConfigFiles extends WatchedFiles {
  /** The place of a path that is written in the web-config file. */
  readonly resolve: (path: string) => string;
}

/** `tls` is null if there is none; the rest is what the files looked like. */
interface WebConfigStart {
  readonly config: WebConfig;
  readonly tls: TlsOptions | null;
  readonly configSeen: string;
  readonly tlsSeen: string;
}

/**
 * A web-config file and the certificates that it names, read again as they change. Whether there is TLS, HTTP/2 and a
 * rate limit is settled at the start, as in the reference. A broken file makes `config` a fault until it is mended.
 * A file that no longer asks for passwords or certificates, for example an emptied one, is not used: the last good one
 * stays in use. So do the last good certificates while new ones cannot be loaded: the two files of a pair never change
 * at the same instant.
 */
export class LiveWebConfig {
  private state: WebConfig | Fault;
  /** The last good one. */
  private guarding: WebConfig;
  private options: TlsOptions | Fault | null;
  private configSeen: string;
  private tlsSeen: string;
  private tlsListener: (options: TlsOptions) => void = () => {};

  private constructor(
    private readonly path: string,
    private readonly files: WebConfigFiles,
    private readonly log: Log,
    private readonly audit: AuditLog,
    /** What the server starts with. */
    readonly start: WebConfigStart,
  ) {
    this.state = start.config;
    this.guarding = start.config;
    this.options = start.tls;
    this.configSeen = start.configSeen;
    this.tlsSeen = start.tlsSeen;
  }

  /** Reads all for the first time: whatever is wrong anywhere is a fault. */
  static open(path: string, files: WebConfigFiles, log: Log, audit: AuditLog): LiveWebConfig | Fault {
    const configSeen = files.fingerprint(path);
    const config = readConfig(path, files);
    if (config instanceof Fault) return config;
    const fault = firstHashFault(config);
    if (fault !== null) return fault;
    const tlsSeen = tlsFingerprint(config, files);
    const tls = isTlsEnabled(config.tls) ? readTls(config, files) : null;
    if (tls instanceof Fault) return tls;
    return new LiveWebConfig(path, files, log, audit, { config, tls, configSeen, tlsSeen });
  }

  /** The configuration of this moment: the file is looked at on each call. */
  config(): WebConfig | Fault {
    const seen = this.files.fingerprint(this.path);
    if (seen !== this.configSeen) {
      this.configSeen = seen;
      this.reload();
    }
    return this.state;
  }

  /** How to serve TLS now, null where the server started without; a fault: no new connection may be served. */
  tls(): TlsOptions | Fault | null {
    const config = this.config();
    if (this.options === null || config instanceof Fault) return this.options;
    const seen = tlsFingerprint(config, this.files);
    if (seen !== this.tlsSeen) {
      this.tlsSeen = seen;
      this.reloadTls(config);
    }
    return this.options;
  }

  /** Notices changes while no request comes. */
  look(): void {
    this.tls();
  }

  /** There is no file: nothing is asked for, and nothing changes. */
  get isNone(): boolean {
    return this.path === "";
  }

  /** Reads all files now, changed or not. */
  readAgain(): void {
    if (this.isNone) return;
    this.configSeen = this.files.fingerprint(this.path);
    this.reload();
  }

  /** Registers what is called with new certificates and settings. */
  onTlsChange(listener: (options: TlsOptions) => void): void {
    this.tlsListener = listener;
  }

  private reload(): void {
    const read = readConfig(this.path, this.files);
    if (!(read instanceof Fault) && this.isGuarded(this.guarding) && !this.isGuarded(read)) {
      const err = "it would let in everybody: neither passwords nor client certificates are asked for any more";
      const effect = "the last good one stays in use; a restart takes this one";
      this.log.error("web-config file not taken", { file: this.path, err, effect });
      this.tellAudit(new Fault(err));
      this.state = this.guarding;
      if (this.options instanceof Fault) this.reloadTls(this.guarding);
      return;
    }
    this.state = read;
    this.tellAudit(read);
    if (this.state instanceof Fault) {
      this.log.error("Unable to parse configuration", { file: this.path, err: this.state.message });
      if (this.options !== null) this.options = this.state;
      return;
    }
    this.guarding = this.state;
    this.log.info("web-config file read again", { file: this.path });
    const fault = firstHashFault(this.state);
    if (fault !== null) this.log.error("a user's password hash is unusable", { file: this.path, err: fault.message });
    if (this.options === null) return;
    this.tlsSeen = tlsFingerprint(this.state, this.files);
    this.reloadTls(this.state);
  }

  private tellAudit(read: WebConfig | TlsOptions | Fault, file = this.path): void {
    if (read instanceof Fault) this.audit.add({ event: "config_refused", file, detail: read.message });
    else this.audit.add({ event: "config_taken", file });
  }

  /** Whether clients have to say who they are. */
  private isGuarded({ users, tls }: WebConfig): boolean {
    return users.size > 0 || (this.start.tls !== null && requiresCertificate(tls));
  }

  private reloadTls(config: WebConfig): void {
    const read = isTlsEnabled(config.tls) ? readTls(config, this.files) : new Fault("TLS config is not present");
    this.tellAudit(read, tlsFiles(config.tls, this.files.resolve).join(", ") || this.path);
    if (!(read instanceof Fault)) {
      this.options = read;
      this.log.info("TLS certificates and settings loaded again");
      this.tlsListener(read);
      return;
    }
    const isKept = read instanceof UnloadableCertificate && !(this.options instanceof Fault);
    if (!isKept) this.options = read;
    const effect = isKept ? "the last good one stays in use" : "no new connection is served";
    this.log.error("the TLS certificate cannot be used", { effect, err: read.message });
  }
}

function readConfig(path: string, files: WebConfigFiles): WebConfig | Fault {
  const bytes = files.read(path);
  return bytes instanceof Fault ? bytes : parseWebConfig(bytes);
}

function firstHashFault({ users }: WebConfig): Fault | null {
  for (const hash of users.values()) {
    const fault = bcryptFault(hash);
    if (fault !== null) return fault;
  }
  return null;
}

function readTls(config: WebConfig, { read, resolve }: WebConfigFiles): TlsOptions | Fault {
  return readTlsOptions(config, resolve, (path) => {
    const bytes = read(path);
    return bytes instanceof Fault ? bytes : Buffer.from(bytes).toString("latin1");
  });
}

function tlsFingerprint({ tls }: WebConfig, { fingerprint, resolve }: WebConfigFiles): string {
  return tlsFiles(tls, resolve).map(fingerprint).join("\n");
}

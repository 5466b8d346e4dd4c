import { resolve } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

/**
 * What the compose files of the tests have in a service. Any other key is refused, so that nothing in them goes
 * untested.
 */
const Service = Type.Object(
  {
    image: Type.String(),
    build: Type.Optional(Type.String()),
    container_name: Type.Optional(Type.String()),
    restart: Type.Optional(Type.String()),
    ports: Type.Optional(Type.Array(Type.String())),
    command: Type.Optional(Type.Array(Type.String())),
    volumes: Type.Optional(Type.Array(Type.String())),
    environment: Type.Optional(Type.Record(Type.String(), Type.String())),
    env_file: Type.Optional(Type.String()),
    user: Type.Optional(Type.String()),
    read_only: Type.Optional(Type.Boolean()),
    cap_drop: Type.Optional(Type.Array(Type.String())),
    security_opt: Type.Optional(Type.Array(Type.String())),
    mem_limit: Type.Optional(Type.String()),
    pids_limit: Type.Optional(Type.Integer()),
    healthcheck: Type.Optional(
      Type.Object({ test: Type.Array(Type.String()), interval: Type.Optional(Type.String()) }),
    ),
  },
  { additionalProperties: false },
);

const ComposeFile = Type.Object({
  services: Type.Record(Type.String(), Service),
  networks: Type.Optional(
    Type.Object(
      { default: Type.Object({ ipam: Type.Object({ config: Type.Array(Type.Object({ subnet: Type.String() })) }) }) },
      { additionalProperties: false },
    ),
  ),
});

/** What `docker run` is told to start a service of a compose file. */
export interface Run {
  readonly image: string;
  readonly options: string[];
  /** What stands behind the image's name. */
  readonly command: readonly string[];
  /** The service's ports, which the network of the tests does not publish. */
  readonly ports: readonly string[];
}

/** The only service of a compose file in `folder`; `prefix` keeps the names of its volumes apart. */
export function onlyService(text: string, folder: string, prefix: string): Run {
  const [run, ...others] = servicesOf(text, folder, prefix).values();
  if (run === undefined || others.length > 0) throw new Error("reading a compose file: expected one service");
  return run;
}

/** All services of a compose file in `folder`, by name. */
export function servicesOf(text: string, folder: string, prefix: string): Map<string, Run> {
  const { services } = Value.Parse(ComposeFile, Bun.YAML.parse(text));
  return new Map(Object.entries(services).map(([name, service]) => [name, runOf(service, folder, prefix)]));
}

/** The addresses of the network that a compose file makes for its services. */
export function subnetOf(text: string): string {
  const [config] = Value.Parse(ComposeFile, Bun.YAML.parse(text)).networks?.default.ipam.config ?? [];
  if (config === undefined) throw new Error("reading a compose file: expected a subnet");
  return config.subnet;
}

function runOf(service: Static<typeof Service>, folder: string, prefix: string): Run {
  const { command = [], ports = [] } = service;
  const options = [
    ...many(
      "volume",
      service.volumes?.map((volume) => mount(volume, folder, prefix)),
    ),
    ...one("env-file", service.env_file && resolve(folder, service.env_file)),
    ...many(
      "env",
      Object.entries(service.environment ?? {}).map(([name, value]) => `${name}=${value}`),
    ),
    ...many("cap-drop", service.cap_drop),
    ...many("security-opt", service.security_opt),
    ...one("user", service.user),
    ...one("restart", service.restart),
    ...one("memory", service.mem_limit),
    ...one("pids-limit", service.pids_limit),
    ...one("health-interval", service.healthcheck?.interval),
    ...one("health-cmd", service.healthcheck && shellCommand(service.healthcheck.test)),
    ...(service.read_only ? ["--read-only"] : []),
  ];
  return { image: service.image, options, command, ports };
}

function one(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`--${name}=${value}`];
}

function many(name: string, values: readonly string[] = []): string[] {
  return values.map((value) => `--${name}=${value}`);
}

/** Paths count from the compose file's folder; anything else is the name of a volume. */
function mount(volume: string, folder: string, prefix: string): string {
  const [source = "", ...rest] = volume.split(":");
  const from = /^[./~]/.test(source) ? resolve(folder, source) : `${prefix}-${source}`;
  return [from, ...rest].join(":");
}

/** `docker run` knows health checks for a shell only. */
function shellCommand([kind, ...words]: readonly string[]): string {
  if (kind === "CMD-SHELL") return words.join(" ");
  return words.map((word) => `'${word}'`).join(" ");
}

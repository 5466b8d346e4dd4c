import { posix } from "node:path";

/** Behind the route prefix: whether the server is healthy. */
export const HEALTHY_PATH = "/-/healthy";

/**
 * The prefix of routes: `prefix`, or the path of the external URL if that is empty. The result is "" or begins with a
 * slash and does not end with one; "/" becomes "".
 */
export function computeRoutePrefix(prefix: string, externalPath: string): string {
  const given = prefix === "" ? externalPath : prefix;
  const trimmed = given.replace(/\/+$/, "");
  return trimmed === "" || trimmed.startsWith("/") ? trimmed : `/${trimmed}`;
}

/** The path of the scrape endpoint: both parts joined as Go's path.Join does, always with a leading slash. */
export function telemetryRoute(routePrefix: string, telemetryPath: string): string {
  const joined = posix.join("/", routePrefix, telemetryPath);
  return joined.length > 1 && joined.endsWith("/") ? joined.slice(0, -1) : joined;
}

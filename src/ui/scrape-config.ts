import type { Site } from "./first-page.ts";

/** The part of a configuration of Prometheus that scrapes this server. */
export function scrapeConfig(url: string, { scrapePath }: Site, asksForPassword: boolean): string {
  const found = /^(https?):\/\/([^/]+)(.*)$/.exec(url);
  const [scheme = "http", host = "", prefix = ""] = found?.slice(1) ?? [];
  const path = `${prefix}${scrapePath}`;
  return [
    "scrape_configs:",
    "  - job_name: pushgateway",
    "    honor_labels: true",
    ...(scheme === "https" ? ["    scheme: https"] : []),
    ...(path === "/metrics" ? [] : [`    metrics_path: ${JSON.stringify(path)}`]),
    ...(asksForPassword ? ["    basic_auth:", "      username: USER", "      password_file: /path/to/password"] : []),
    "    static_configs:",
    `      - targets: [${JSON.stringify(host)}]`,
  ].join("\n");
}

import { Fault } from "../model/fault.ts";
import { quoteText } from "../model/quote.ts";
import { escapeComponent, isValidPath, unescapeComponent } from "./url-escape.ts";

/** What the gateway needs of its external URL. */
export interface ExternalUrl {
  /** The URL as Go's URL.String() returns it. */
  readonly text: string;
  /** The path, decoded; "" where the URL has none, as in `localhost:9091` (a scheme and its opaque data). */
  readonly path: string;
}

/**
 * Reads a URL or a relative reference as Go's url.Parse does, so that a URL without a scheme is a path. Inside, text is
 * one character a byte of its UTF-8, so that escapes of any byte survive. Refused in Go's words, which quote the URL.
 */
export function parseExternalUrl(text: string): ExternalUrl | Fault {
  const [reference, fragment] = cut(fromText(text), "#");
  const parsed = parseReference(reference);
  if (parsed instanceof Fault) return refused(toText(reference), parsed.message);
  const decoded = unescapeComponent(fragment, "fragment");
  if (decoded instanceof Fault) return refused(text, decoded.message);
  const tail = fragment === "" ? "" : `#${isValidPath(fragment) ? fragment : escapeComponent(decoded, "fragment")}`;
  return { text: toText(parsed.text + tail), path: toText(parsed.path) };
}

function parseReference(reference: string): ExternalUrl | Fault {
  if (/\p{Cc}/u.test(reference.replace(/[\x80-\xff]/g, "")))
    return new Fault("net/url: invalid control character in URL");
  if (reference === "*") return { text: "*", path: "*" };
  if (reference.startsWith(":")) return new Fault("missing protocol scheme");
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(reference)?.[1];
  const head = scheme === undefined ? "" : `${scheme.toLowerCase()}:`;
  const [rest, query] = cut(reference.slice(head.length), "?");
  const tail = reference.includes("?") ? `?${query}` : "";
  if (scheme !== undefined && !rest.startsWith("/")) return { text: head + rest + tail, path: "" };
  if (/^[^/]*:/.test(rest)) return new Fault("first path segment in URL cannot contain colon");
  const parsed = parseHierarchy(rest, scheme !== undefined);
  return parsed instanceof Fault ? parsed : { text: head + parsed.text + tail, path: parsed.path };
}

/** `[//authority]path`. Without a scheme, three slashes begin a path and no authority. */
function parseHierarchy(rest: string, hasScheme: boolean): ExternalUrl | Fault {
  const hasAuthority = rest.startsWith("//") && (hasScheme || !rest.startsWith("///"));
  if (!hasAuthority) return parsePath(rest);
  const slash = rest.indexOf("/", 2);
  const authority = parseAuthority(slash < 0 ? rest.slice(2) : rest.slice(2, slash));
  if (authority instanceof Fault) return authority;
  const path = parsePath(slash < 0 ? "" : rest.slice(slash));
  if (path instanceof Fault) return path;
  const lead = authority === "" && path.text === "" ? "" : "//";
  return { text: lead + authority + path.text, path: path.path };
}

function parsePath(escaped: string): ExternalUrl | Fault {
  const path = unescapeComponent(escaped, "path");
  if (path instanceof Fault) return path;
  return { text: isValidPath(escaped) ? escaped : escapeComponent(path, "path"), path };
}

/** `[user[:password]@]host[:port]`, escaped anew. */
function parseAuthority(authority: string): string | Fault {
  const at = authority.lastIndexOf("@");
  const host = parseHost(authority.slice(at + 1));
  if (host instanceof Fault || at < 0) return host;
  const userinfo = parseUserinfo(authority.slice(0, at));
  return userinfo instanceof Fault ? userinfo : `${userinfo}@${host}`;
}

function parseUserinfo(userinfo: string): string | Fault {
  if (/[^A-Za-z0-9\-._:~!$&'()*+,;=%@]/.test(userinfo)) return new Fault("net/url: invalid userinfo");
  const [user, password] = cut(userinfo, ":");
  const halves = userinfo.includes(":") ? [user, password] : [user];
  const escaped: string[] = [];
  for (const half of halves) {
    const decoded = unescapeComponent(half, "userinfo");
    if (decoded instanceof Fault) return decoded;
    escaped.push(escapeComponent(decoded, "userinfo"));
  }
  return escaped.join(":");
}

function parseHost(host: string): string | Fault {
  const bracket = host.lastIndexOf("]");
  if (host.startsWith("[") && bracket < 0) return new Fault("missing ']' in host");
  const port = host.startsWith("[") ? host.slice(bracket + 1) : (/:[^:]*$/.exec(host)?.[0] ?? "");
  if (!/^(:\d*)?$/.test(port)) return new Fault(`invalid port ${quoteText(toText(port))} after host`);
  const zone = host.startsWith("[") ? host.slice(0, bracket).indexOf("%25") : -1;
  const runs = zone < 0 ? [host] : [host.slice(0, zone), host.slice(zone, bracket), host.slice(bracket)];
  let escaped = "";
  for (const [index, run] of runs.entries()) {
    const decoded = unescapeComponent(run, index === 1 ? "zone" : "host");
    if (decoded instanceof Fault) return decoded;
    escaped += escapeComponent(decoded, "host");
  }
  return escaped;
}

/** `text` before and after the first `mark`; the latter is "" if there is none. */
function cut(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function fromText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function toText(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function refused(url: string, words: string): Fault {
  return new Fault(`invalid URL: parse ${quoteText(url)}: ${words}`);
}

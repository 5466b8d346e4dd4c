import { redirected } from "./reply.ts";

/**
 * The longest path, in segments, whose raw form is looked at: a job and ten labels. Bun's router takes up to 100, at 25 us each
 * when the server starts.
 */
const MAX_SEGMENTS = 24;

/**
 * A cleaned path as Go's ServeMux makes it before routing: no empty, `.` or `..` segments, a trailing slash kept. A request
 * whose decoded path is not clean is redirected there.
 */
export function cleanPath(path: string): string {
  const clean: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") clean.pop();
    else clean.push(segment);
  }
  const joined = `/${clean.join("/")}`;
  return path.endsWith("/") && joined !== "/" ? `${joined}/` : joined;
}

/** Escapes a decoded path for a Location header or a request line, as Go's net/url escapes paths. */
export function encodePath(path: string): string {
  return encodeURI(path).replace(/[?#!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** What Bun's router passes besides the request where the path has so many segments. */
interface RoutedRequest extends Request {
  readonly params: Readonly<Record<string, string>>;
}

type Answer = Response | Promise<Response>;

/**
 * `request.url` has been normalised: `.` and `..` segments are gone, a backslash is a slash. Bun's router sees the path as
 * it was sent. So there is one route a number of segments, and where that number is not the one of `request.url`, the path is
 * put together from the segments. Paths with empty segments match no route: they reach `fetch` and are redirected there.
 *
 * `plain` gets the requests as they are; `rewritten` those that were normalised, with the decoded path that was sent.
 */
export function rawPathRoutes(
  plain: (request: Request) => Answer,
  rewritten: (request: Request, path: string) => Answer,
): Record<string, (request: RoutedRequest) => Answer> {
  const routes: Record<string, (request: RoutedRequest) => Answer> = {};
  let pattern = "";
  for (let count = 1; count <= MAX_SEGMENTS; count++) {
    pattern += `/:s${count}`;
    for (const slash of ["", "/"])
      routes[pattern + slash] = (request) =>
        hasSegments(request.url, count, slash !== "")
          ? plain(request)
          : rewritten(request, sentPath(request, count) + slash);
  }
  return routes;
}

function sentPath(request: RoutedRequest, count: number): string {
  let path = "";
  for (let i = 1; i <= count; i++) path += `/${request.params[`s${i}`] ?? ""}`;
  return path;
}

/** Whether the path of `url` has `count` segments, and a slash behind them just if `trailing`. */
function hasSegments(url: string, count: number, trailing: boolean): boolean {
  const start = pathStart(url);
  let slashes = 0;
  let last = 0;
  let at = start;
  for (; at < url.length; at++) {
    const code = url.charCodeAt(at);
    if (code === 0x3f) break;
    if (code === 0x2f) slashes++;
    last = code;
  }
  return slashes === count + (trailing ? 1 : 0) && (last === 0x2f) === trailing;
}

/** Where the path starts in an absolute URL, or in one that is a path only. */
export function pathStart(url: string): number {
  if (url.charCodeAt(0) === 0x2f) return 0;
  const authority = url.indexOf("://") + 3;
  const slash = url.indexOf("/", authority);
  return slash < 0 ? url.length : slash;
}

/** The path of a URL as sent, without its query. */
export function pathOf(url: string): string {
  const start = pathStart(url);
  const query = url.indexOf("?", start);
  return query < 0 ? url.slice(start) : url.slice(start, query);
}

/** Whether `cleanPath` would leave a decoded path as it is. */
export function isClean(path: string): boolean {
  return !path.includes("//") && (!path.includes("/.") || cleanPath(path) === path);
}

/** Sends a client to the clean form of a decoded path, as Go's ServeMux does. */
export function redirectTo(request: Request, path: string): Response {
  return redirected(request.method, withQuery(request, cleanPath(path)), 301);
}

/** A decoded path escaped, with the query of a request behind it. */
export function withQuery(request: Request, path: string): string {
  const query = request.url.indexOf("?");
  return encodePath(path) + (query < 0 ? "" : request.url.slice(query));
}

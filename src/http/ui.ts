import { draw } from "#ui";
import { decodePath } from "../decode/path.ts";
import { type Answer, type Exchange, textError } from "../server/exchange.ts";
import { readAddress } from "../ui/address.ts";
import type { Site, Theme } from "../ui/first-page.ts";
import type { HttpContext } from "./context.ts";
import { firstScreen, type SourceHandlers } from "./first-screen.ts";
import { longAnswer } from "./long-answers.ts";
import { PAGE_FILES, pageFile } from "./page-files.ts";
import type { Handlers } from "./routes.ts";

const encoder = new TextEncoder();
/** Nothing but our own files, and no way for a text to become a script. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");
const PAGE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  "Content-Security-Policy": POLICY,
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
};

/** What the page shows, and is sent with. */
export type UiDeps = Pick<
  HttpContext,
  "clock" | "gzip" | "longAnswers" | "ownMetrics" | "principalOf" | "scheme" | "settings"
>;

/** The documents of the page, each drawn with its first screen, and the files beside them. */
export function uiHandlers(deps: UiDeps, sources: SourceHandlers): Handlers<"page" | "staticFile"> {
  return {
    page: (exchange) => page(deps, sources, exchange),
    staticFile: (exchange) => staticFile(deps, exchange),
  };
}

async function page(deps: UiDeps, sources: SourceHandlers, exchange: Exchange): Promise<Answer> {
  deps.ownMetrics.countRequest("status", 200, "GET");
  const document = decodePath(exchange.path)?.text.split("/").at(-1) ?? "";
  const address = readAddress(document, exchange.query);
  const asOfSeconds = deps.clock.now() / 1000;
  const { routePrefix } = deps.settings;
  const asked = { address, reader: deps.principalOf(exchange), nowSeconds: asOfSeconds, routePrefix };
  const { answers, failures } = await firstScreen(sources, exchange, asked);
  const first = { site: siteOf(deps, exchange), address, theme: themeOf(exchange), asOfSeconds, answers, failures };
  return longAnswer(deps, exchange, [encoder.encode(draw(first, PAGE_FILES))], PAGE_HEADERS);
}

function siteOf({ principalOf, settings, scheme }: UiDeps, exchange: Exchange): Site {
  const principal = principalOf(exchange);
  const { enableAdminApi, externalPathPrefix, externalUrl, telemetryPath } = settings;
  const host = exchange.header("host");
  const guessed = host === null || host === "" ? externalPathPrefix : `${scheme}://${host}${externalPathPrefix}`;
  return {
    url: externalUrl === "" ? guessed : externalUrl.replace(/\/$/, ""),
    isUrlGuessed: externalUrl === "",
    principal: principal.name,
    mayPush: principal.reach("push") !== "none",
    mayDelete: principal.reach("delete") !== "none",
    mayDeleteMany: enableAdminApi && principal.reach("admin") !== "none",
    mayWipe: enableAdminApi && principal.reach("admin") === null,
    scrapePath: telemetryPath.startsWith("/") ? telemetryPath : `/${telemetryPath}`,
  };
}

/** As the reader has chosen it in this browser. */
function themeOf(exchange: Exchange): Theme {
  const chosen = /(?:^|;\s*)theme=(light|dark)(?:;|$)/.exec(exchange.header("cookie") ?? "")?.[1];
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

function staticFile(deps: UiDeps, exchange: Exchange): Answer {
  const path = decodePath(exchange.path)?.text ?? "";
  const folder = `${deps.settings.routePrefix}/static/`;
  const file = path.startsWith(folder) ? pageFile(path.slice(folder.length), exchange.header("accept-encoding")) : null;
  deps.ownMetrics.countRequest("static", file?.status ?? 404, "GET");
  return file ?? textError(404, "404 page not found");
}

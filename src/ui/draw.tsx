/** @jsxImportSource preact */
import { renderToString } from "preact-render-to-string";
import { App, titleOf } from "./app.tsx";
import type { Draw } from "./first-page.ts";
import { GroupView } from "./group.tsx";
import { GroupsView } from "./groups.tsx";
import { Page, type Views } from "./page.ts";
import { RefusedView } from "./refused.tsx";
import { StatusView } from "./status.tsx";

const VIEWS: Views = { groups: GroupsView, group: GroupView, refused: RefusedView, status: StatusView };

export const draw: Draw = (first, assets) => {
  const page = new Page(first, VIEWS, null);
  const body = renderToString(<App page={page} />);
  const theme = first.theme === "system" ? "" : ` data-theme="${first.theme}"`;
  return `<!DOCTYPE html>
<html lang="en"${theme}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>${escaped(titleOf(page))}</title>
<link rel="icon" href="./static/${assets.icon}" type="image/svg+xml">
<link rel="stylesheet" href="./static/${assets.styles}">
${preloads(first, assets)}<script type="module" src="./static/${assets.script}"></script>
</head>
<body><div id="app">${body}</div>
<script type="application/json" id="state">${stateJson(first)}</script>
</body>
</html>
`;
};

/** JSON that ends no element; without what one view shows alone, and asks for when it is gone to. */
function stateJson(first: Parameters<Draw>[0]): string {
  const { runtime, ...others } = first.answers;
  const isLean = runtime !== undefined && first.address.view !== "status";
  const answers = isLean ? { ...others, runtime: { ...runtime, build: {}, flags: {} } } : first.answers;
  return JSON.stringify({ ...first, answers }).replaceAll("<", "\\u003c");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** The view's own script is fetched together with the one that asks for it. */
function preloads({ address }: Parameters<Draw>[0], { views }: Parameters<Draw>[1]): string {
  const file = views[address.view];
  return file === undefined ? "" : `<link rel="modulepreload" href="./static/${file}">\n`;
}

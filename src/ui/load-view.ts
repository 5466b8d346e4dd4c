import type { ViewName } from "./address.ts";
import { GroupsView } from "./groups.tsx";
import type { Page, View, Views } from "./page.ts";

/** What every reader has from the start. */
export const FIRST_VIEWS: Views = { groups: GroupsView };

/** Fetches a view that is not there yet. */
export async function loadView(page: Page, name: ViewName): Promise<void> {
  if (page.views.value[name] !== undefined) return;
  const view = await importView(name);
  page.views.value = { ...page.views.value, [name]: view };
}

/** Fetched when it is first shown: a view that most readers do not open. */
async function importView(name: ViewName): Promise<View | undefined> {
  if (name === "group") return (await import("./group.tsx")).GroupView;
  if (name === "refused") return (await import("./refused.tsx")).RefusedView;
  return name === "status" ? (await import("./status.tsx")).StatusView : FIRST_VIEWS[name];
}

/** Fetches what is shown over the page, unless it is there. */
export async function loadDialogs(page: Page): Promise<void> {
  if (page.dialogs.value !== null) return;
  const { Dialogs } = await import("./dialogs.tsx");
  page.dialogs.value = Dialogs;
}

import { type GroupsAddress, matcherOf, readAddress, refined } from "./address.ts";
import type { GroupRow } from "./answers.ts";
import { copyText, saveText } from "./clipboard.ts";
import { failureOf } from "./fetching.ts";
import type { Live } from "./live.ts";
import type { Loader } from "./loader.ts";
import type { Actions, Page } from "./page.ts";
import { changeTheme, keepLetterKeys } from "./preferences.ts";
import type { Removing } from "./removing.ts";

/** The parts that do what the reader wants; they need the page, and the page needs the actions. */
export interface Parts {
  readonly page: Page;
  readonly loader: Loader;
  readonly live: Live;
  readonly removing: () => Promise<Removing>;
}

/** What the reader can do. `parts` is asked for when something is done. */
export function readerActions(parts: () => Parts): Actions {
  const say = (words: string) => {
    parts().page.said.value = words;
  };
  const copy = async (text: string) => say((await copyText(text)) ? "Copied." : "The browser does not allow copying.");
  const removing = (does: (removing: Removing) => void) =>
    void parts()
      .removing()
      .then(does, () => say("There is no answer from the server."));
  return {
    ...searchActions(parts),
    ...selectionActions(parts, copy),
    follow: (event) => follow(parts(), event),
    copy: (text) => void copy(text),
    showNewer: () => void parts().loader.refresh(false),
    removeGroups: (rows) => removing((one) => one.groups(rows)),
    removeFound: () => {
      const address = parts().page.address.value;
      if (address.view === "groups") removing((one) => void one.found(address));
    },
    wipe: () => {
      const { tick, answers } = parts().page;
      removing((one) => one.all(tick.value?.groups ?? answers.value.runtime?.store.groups ?? 0));
    },
    typeConfirmation: (text) => removing((one) => one.type(text)),
    confirmRemoval: () => removing((one) => void one.confirm()),
    closeRemoval: () => removing((one) => one.close()),
    pause: () => parts().live.pause(),
    changeTheme: () => say(`Theme: ${changeTheme()}.`),
    retry: () => parts().live.resume(),
    openHelp: () => {
      parts().page.panel.value = "help";
    },
    closeHelp: () => {
      parts().page.panel.value = null;
    },
    useLetterKeys: (areOn) => {
      keepLetterKeys(areOn);
      parts().page.hasLetterKeys.value = areOn;
    },
    download: (path) => void download(path, say),
  };
}

/** Links within the page are followed without loading a document, unless they are wanted elsewhere. */
function follow({ loader }: Parts, event: MouseEvent): void {
  const link = event.currentTarget;
  if (!(link instanceof HTMLAnchorElement) || event.button !== 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const { pathname, search } = new URL(link.href);
  void loader.go(readAddress(pathname.split("/").at(-1) ?? "", search));
}

type SearchActions = Pick<Actions, "typing" | "search" | "clearSearch">;

function searchActions(parts: () => Parts): SearchActions {
  const current = (): GroupsAddress | null => {
    const address = parts().page.address.value;
    return address.view === "groups" ? address : null;
  };
  return {
    typing: (q) => {
      const { loader, page } = parts();
      const address = current();
      page.typed.value = q;
      page.row.value = -1;
      if (address !== null) void loader.replace(refined(address, { q }));
    },
    search: () => {
      const { loader, page } = parts();
      const address = current();
      if (address !== null) void loader.go(refined(address, { q: page.typed.value }));
    },
    clearSearch: () => {
      const { loader, page } = parts();
      const address = current();
      if (
        address === null ||
        (address.q === "" && page.typed.value === "" && address.age === null && address.state === null)
      )
        return;
      page.typed.value = "";
      void loader.go(refined(address, { q: "", age: null, state: null }));
    },
  };
}

type SelectionActions = Pick<Actions, "select" | "selectPage" | "clearSelection" | "copySelection">;

function selectionActions(parts: () => Parts, copy: (text: string) => Promise<void>): SelectionActions {
  /** The row up to which a range goes. */
  let anchor = -1;
  return {
    select: (row, isRange) => {
      const { page } = parts();
      const rows = page.answers.value.list?.groups ?? [];
      const from = isRange && anchor >= 0 ? anchor : row;
      const chosen = rows.slice(Math.min(from, row), Math.max(from, row) + 1);
      anchor = row;
      page.row.value = row;
      page.selected.value = isRange ? withAll(page.selected.value, chosen) : toggled(page.selected.value, chosen);
    },
    selectPage: () => {
      const { selected, answers } = parts().page;
      const rows = answers.value.list?.groups ?? [];
      const areAll = rows.every(({ path }) => selected.value.has(path));
      selected.value = areAll ? toggled(selected.value, rows) : withAll(selected.value, rows);
    },
    clearSelection: () => {
      parts().page.selected.value = new Map();
    },
    copySelection: () => {
      const { selected, answers, row } = parts().page;
      const at = answers.value.list?.groups[row.value];
      const rows = selected.value.size > 0 ? [...selected.value.values()] : at === undefined ? [] : [at];
      if (rows.length > 0) void copy(rows.map(selectorOfGroup).join("\n"));
    },
  };
}

type Selected = ReadonlyMap<string, GroupRow>;

function withAll(selected: Selected, rows: readonly GroupRow[]): Selected {
  return new Map([...selected, ...rows.map((row) => [row.path, row] as const)]);
}

function toggled(selected: Selected, rows: readonly GroupRow[]): Selected {
  const next = new Map(selected);
  for (const row of rows) if (!next.delete(row.path)) next.set(row.path, row);
  return next;
}

function selectorOfGroup({ labels }: GroupRow): string {
  const matchers = Object.entries(labels).map(([name, value]) => matcherOf(name, value));
  return `{${matchers.join(",")}}`;
}

async function download(path: string, say: (words: string) => void): Promise<void> {
  const response = await fetch(`./api/v1/groups${path}`, { headers: { Accept: "text/plain" } });
  if (!response.ok) return say((await failureOf(response)).message);
  saveText("metrics.txt", await response.text());
}

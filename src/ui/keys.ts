import { type Address, ALL_GROUPS } from "./address.ts";
import { type Loader, rowLink } from "./loader.ts";
import type { Actions, Page } from "./page.ts";

/** Milliseconds within which a second key has to follow `g`. */
const SEQUENCE_MS = 1000;

/**
 * What keys do. Not with Ctrl, Alt, Meta; single letters not while something is typed, nor where they are switched off.
 */
export class Keys {
  private prefixMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly page: Page,
    private readonly act: Actions,
    private readonly loader: Loader,
  ) {}

  start(): void {
    addEventListener("keydown", (event) => this.press(event));
    document.addEventListener("focusin", ({ target }) => {
      const row = target instanceof HTMLElement ? target.dataset.row : undefined;
      if (row !== undefined) this.page.row.value = Number(row);
    });
  }

  private press(event: KeyboardEvent): void {
    const { page } = this;
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (page.removal.value !== null || page.panel.value !== null) return;
    const isTyping = event.target instanceof HTMLInputElement && event.target.type !== "checkbox";
    const does = isTyping ? this.whileTyping(event.key) : this.otherwise(event);
    if (does === null) return;
    event.preventDefault();
    does();
  }

  private whileTyping(key: string): (() => void) | null {
    if (key === "Escape") return () => this.leaveSearch();
    return key === "ArrowDown" ? () => this.move(1) : null;
  }

  private leaveSearch(): void {
    if (this.page.typed.value !== "") this.act.clearSearch();
    else (document.activeElement as HTMLElement | null)?.blur();
  }

  private otherwise(event: KeyboardEvent): (() => void) | null {
    const { key, timeStamp } = event;
    const isSecond = timeStamp - this.prefixMs < SEQUENCE_MS;
    this.prefixMs = Number.NEGATIVE_INFINITY;
    if (key.length === 1 && !this.page.hasLetterKeys.value) return null;
    const to = isSecond ? viewOf(key) : null;
    if (to !== null) return () => void this.loader.go(to);
    if (key === "g") return () => (this.prefixMs = timeStamp);
    return this.always(key) ?? this.onView(event);
  }

  private always(key: string): (() => void) | null {
    const { act } = this;
    switch (key) {
      case "/":
        return () => document.getElementById("search")?.focus();
      case "p":
        return act.pause;
      case "t":
        return act.changeTheme;
      case "?":
        return act.openHelp;
      default:
        return null;
    }
  }

  private onView(event: KeyboardEvent): (() => void) | null {
    const { view } = this.page.address.value;
    if (view === "groups") return this.onList(event);
    return view === "group" ? this.onGroup(event.key) : null;
  }

  private onList({ key, shiftKey }: KeyboardEvent): (() => void) | null {
    const { act, page } = this;
    const row = page.row.value;
    switch (key) {
      case "ArrowDown":
      case "j":
        return () => this.move(1);
      case "ArrowUp":
      case "k":
        return () => this.move(-1);
      case "x":
      case "X":
        return row < 0 || !page.site.mayDelete ? null : () => act.select(row, shiftKey);
      case "Delete":
      case "#":
        return page.site.mayDelete ? () => this.remove() : null;
      case "c":
        return act.copySelection;
      case "Escape":
        return () => (page.selected.value.size > 0 ? act.clearSelection() : act.clearSearch());
      default:
        return null;
    }
  }

  private onGroup(key: string): (() => void) | null {
    const { answers, site } = this.page;
    const group = site.mayDelete ? answers.value.group?.group : undefined;
    switch (key) {
      case "j":
      case "ArrowRight":
        return () => neighbour("right")?.click();
      case "k":
      case "ArrowLeft":
        return () => neighbour("left")?.click();
      case "Delete":
      case "#":
        return group === undefined ? null : () => this.act.removeGroups([group]);
      case "Escape":
        return () => history.back();
      default:
        return null;
    }
  }

  private move(by: number): void {
    const { page } = this;
    const rows = page.answers.value.list?.groups.length ?? 0;
    if (rows === 0) return;
    page.row.value = Math.max(0, Math.min(rows - 1, page.row.value + by));
    rowLink(page.row.value)?.focus();
  }

  /** What is selected, or else the row. */
  private remove(): void {
    const { page } = this;
    const { selected, row, answers } = page;
    const at = answers.value.list?.groups[row.value];
    const rows = selected.value.size > 0 ? [...selected.value.values()] : at === undefined ? [] : [at];
    if (rows.length > 0) this.act.removeGroups(rows);
  }
}

function viewOf(key: string): Address | null {
  if (key === "g") return ALL_GROUPS;
  if (key === "r") return { view: "refused", kind: "" };
  return key === "s" ? { view: "status", allFlags: false } : null;
}

function neighbour(side: "left" | "right"): HTMLElement | null {
  return document.querySelector(`[data-neighbour="${side}"]`);
}

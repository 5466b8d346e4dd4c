import type { GroupsAddress } from "./address.ts";
import type { GroupRow, RemovalPlan, Removed } from "./answers.ts";
import { failureOf } from "./fetching.ts";
import { rowLink } from "./loader.ts";
import type { Page, Removal } from "./page.ts";
import { narrowingOf, searchOf } from "./sources.ts";
import { counted } from "./words.ts";

const CONFLICT = 409;
const NOT_FOUND = 404;
const PUSHED_SINCE = 412;

const FRESH = { words: "", typed: "" } as const;

/** Deletes groups, once the reader has said so. */
export class Removing {
  /** Whether the reader was on a row, by its link, when it was asked for. */
  private isFromRow = false;

  constructor(
    private readonly page: Page,
    /** To be called when something was deleted: shows what is left. */
    private readonly changed: () => Promise<void>,
  ) {}

  groups(rows: readonly GroupRow[]): void {
    const { activeElement } = document;
    this.isFromRow = activeElement instanceof HTMLElement && activeElement.dataset.row !== undefined;
    this.page.removal.value = { ...FRESH, stage: "asking", what: "groups", rows, asOf: this.shownAt() };
  }

  /** As of when the reader sees what there is, by the clock of the server. */
  private shownAt(): number {
    const { answers, link, tick } = this.page;
    const { list, group } = answers.value;
    const ticked = link.value.state === "live" ? (tick.value?.at ?? 0) : 0;
    return Math.max(ticked, list?.as_of ?? 0, group?.as_of ?? 0);
  }

  all(groups: number): void {
    this.isFromRow = false;
    this.page.removal.value = { ...FRESH, stage: "asking", what: "all", groups };
  }

  /** Those that a list has found: a dry run says which they are. */
  async found(listed: GroupsAddress): Promise<void> {
    const { page } = this;
    // Ages are those of the dry run, also when what it found is deleted.
    this.isFromRow = false;
    const address = { ...listed, asOf: listed.asOf ?? page.nowSeconds.value };
    const planning: Removal = { ...FRESH, stage: "planning", what: "found", address, plan: null };
    page.removal.value = planning;
    const response = await this.send(`./api/v1/groups?${this.queryOf(address)}`, "DELETE");
    // It may have been closed meanwhile, and opened anew.
    if (response === null || page.removal.value !== planning) return;
    if (!response.ok) return this.failed((await failureOf(response)).message);
    const { data } = (await response.json()) as { data: RemovalPlan };
    if (page.removal.value === planning) page.removal.value = { ...planning, stage: "asking", plan: data };
  }

  private queryOf(address: GroupsAddress, confirmed: Record<string, string> = {}): URLSearchParams {
    const narrowing = narrowingOf(address, this.page.nowSeconds.value);
    return new URLSearchParams({ ...searchOf(address.q), ...narrowing, ...confirmed });
  }

  type(typed: string): void {
    const { removal } = this.page;
    if (removal.value !== null) removal.value = { ...removal.value, typed };
  }

  close(): void {
    this.page.removal.value = null;
    this.backToRow();
  }

  /** The focus goes to the row that is now where the reader was. */
  private backToRow(): void {
    const { answers, removal, row } = this.page;
    if (!this.isFromRow || removal.value !== null) return;
    const rows = answers.value.list?.groups.length ?? 0;
    requestAnimationFrame(() => rowLink(Math.min(row.value, rows - 1))?.focus());
  }

  async confirm(): Promise<void> {
    const { removal } = this.page;
    const asked = removal.value;
    if (asked?.stage !== "asking") return;
    removal.value = { ...asked, stage: "deleting", words: "" };
    if (asked.what === "groups") await this.removeEach(asked);
    else if (asked.what === "all") await this.wipe(asked.groups);
    else await this.removeFound(asked);
    await this.changed();
    this.backToRow();
  }

  /** One after the other: a few, by their paths. About those that are left alone it is asked once more. */
  private async removeEach(asked: Removal & { what: "groups" }): Promise<void> {
    const { rows, asOf } = asked;
    const query = asOf === null ? "" : `?${new URLSearchParams({ as_of: String(asOf) })}`;
    const left: GroupRow[] = [];
    for (const row of rows) {
      const response = await this.send(`./metrics${row.path}${query}`, "DELETE");
      if (response === null) return;
      if (response.status === PUSHED_SINCE) left.push(row);
      else if (!response.ok && response.status !== NOT_FOUND) return this.failed((await failureOf(response)).message);
      else this.forget(row.path);
    }
    const words = `${counted(rows.length - left.length, "group")} deleted.`;
    if (left.length === 0) return this.done(words);
    const others = `${counted(left.length, "group")} pushed meanwhile ${left.length === 1 ? "is" : "are"} still there.`;
    this.page.said.value = `${words} ${others}`;
    this.page.removal.value = {
      ...asked,
      ...FRESH,
      stage: "asking",
      rows: left,
      asOf: null,
      words: `${words} ${others}`,
    };
  }

  private forget(path: string): void {
    const { selected } = this.page;
    selected.value = new Map([...selected.value].filter(([one]) => one !== path));
  }

  private async wipe(groups: number): Promise<void> {
    const response = await this.send("./api/v1/admin/wipe", "PUT");
    if (response === null) return;
    if (!response.ok) return this.failed((await failureOf(response)).message);
    this.done(`${counted(groups, "group")} deleted.`);
  }

  private async removeFound(asked: Removal & { what: "found" }): Promise<void> {
    const { address, plan } = asked;
    if (plan === null) return;
    const confirmed = { dry_run: "false", expect: String(plan.matched), as_of: String(plan.as_of) };
    const response = await this.send(`./api/v1/groups?${this.queryOf(address, confirmed)}`, "DELETE");
    if (response === null) return;
    if (response.status === CONFLICT) return this.askAgain(asked, (await response.json()) as { data: RemovalPlan });
    if (!response.ok) return this.failed((await failureOf(response)).message);
    const { data } = (await response.json()) as { data: Removed };
    const left =
      data.left_alone === 0
        ? ""
        : ` ${counted(data.left_alone, "group")} pushed meanwhile ${data.left_alone === 1 ? "was" : "were"} left alone.`;
    this.done(`${counted(data.deleted, "group")} deleted.${left}`);
  }

  /** More match than were shown: nothing was deleted. */
  private askAgain(asked: Removal & { what: "found" }, { data }: { data: RemovalPlan }): void {
    const words = `Nothing was deleted: ${counted(data.matched, "group")} match by now.`;
    this.page.removal.value = { ...asked, stage: "asking", typed: "", words, plan: data };
  }

  /** null: there was no answer, and that is said. */
  private async send(url: string, method: "DELETE" | "PUT"): Promise<Response | null> {
    try {
      return await fetch(url, { method });
    } catch {
      this.failed("There was no answer from the server. What is gone, the list shows.");
      return null;
    }
  }

  private failed(words: string): void {
    const { removal } = this.page;
    if (removal.value !== null) removal.value = { ...removal.value, stage: "failed", words };
  }

  private done(words: string): void {
    const { page } = this;
    page.said.value = words;
    if (page.removal.value?.what === "found" && words.includes("left alone")) {
      page.removal.value = { ...page.removal.value, stage: "done", words };
    } else page.removal.value = null;
  }
}

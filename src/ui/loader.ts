import { batch } from "@preact/signals";
import { type Address, hrefOf, readAddress, refined } from "./address.ts";
import { type Fetched, fetchAll } from "./fetching.ts";
import { heldList } from "./held-list.ts";
import { loadView } from "./load-view.ts";
import type { Page } from "./page.ts";
import { type Answers, type Failures, type Sources, sourcesOf } from "./sources.ts";

/** Milliseconds after which it is shown that an answer is awaited. */
const PATIENCE_MS = 300;

/** Where the reader was on a document, for when it is gone back to. */
interface Place {
  readonly scrollY: number;
  readonly row: number;
}

/** Goes from view to view, and asks for what they show. */
export class Loader {
  private running: AbortController | null = null;
  private patience: ReturnType<typeof setTimeout> | undefined;
  /** When the server last answered, in milliseconds since 1970. */
  answeredMs: number;

  constructor(
    private readonly page: Page,
    private readonly nowMs: () => number,
  ) {
    this.answeredMs = nowMs();
    history.scrollRestoration = "manual";
  }

  /** Another document. The old one stays until there is an answer. */
  async go(address: Address): Promise<void> {
    const place: Place = { scrollY, row: this.page.row.value };
    history.replaceState(place, "");
    history.pushState(null, "", hrefOf(address));
    if (await this.show(address)) scrollTo(0, 0);
  }

  /** The same document with another search, which is no step of its own. */
  async replace(address: Address): Promise<void> {
    history.replaceState(history.state, "", hrefOf(address));
    await this.show(address, true);
  }

  /** To where the browser went by itself. */
  async returned(state: unknown): Promise<void> {
    const document = location.pathname.split("/").at(-1) ?? "";
    if (!(await this.show(readAddress(document, location.search)))) return;
    const { scrollY: y = 0, row = -1 } = (state ?? {}) as Partial<Place>;
    this.page.row.value = row;
    requestAnimationFrame(() => {
      scrollTo(0, y);
      if (row >= 0) rowLink(row)?.focus({ preventScroll: true });
    });
  }

  /**
   * Asks for what the view shows, and shows it; where the address `isTyped`, only for what depends on that. Returns
   * whether nothing else was asked for meanwhile.
   */
  private async show(address: Address, isTyped = false): Promise<boolean> {
    const { page } = this;
    const startMs = this.nowMs();
    const sources = sourcesOf(address, page.nowSeconds.value);
    const asked = isTyped ? changedByTyping(sources, this.kept(address)) : sources;
    const [fetched] = await Promise.all([this.fetch(asked), loadView(page, address.view)]);
    if (fetched === null) return false;
    if (address.view === "groups" && fetched.failures.list?.status === 410) return this.show(refined(address, {}));
    batch(() => {
      const before = page.address.value;
      if (before.view === "groups" && page.answers.value.list !== undefined) this.rememberList();
      page.answers.value = { ...this.kept(address), ...fetched.answers };
      page.address.value = address;
      if (address.view === "groups") page.typed.value = this.typedFor(address.q);
      page.failures.value = fetched.failures;
      page.searchMs.value = Math.round(this.nowMs() - startMs);
      page.newer.value = 0;
      if (before.view !== address.view) page.row.value = -1;
      this.noteAnswer(fetched);
    });
    return true;
  }

  /** What is shown now, as far as it is of another view, too. */
  private kept(address: Address): Answers {
    const { address: before, answers, nowSeconds } = this.page;
    const [now, seconds] = [answers.value, nowSeconds.value];
    const isOfAll = before.value.view === "groups" && sourcesOf(before.value, seconds).jobs === undefined;
    const known = isOfAll && now.list !== undefined ? { ...now, jobs: now.list } : now;
    return keptAnswers(known, before.value, address, sourcesOf(address, seconds));
  }

  /** What is being typed is not taken away by the answer to what was typed before. */
  private typedFor(q: string): string {
    const isTyping = document.activeElement?.id === "search";
    return isTyping ? this.page.typed.value : q;
  }

  private rememberList(): void {
    const { page } = this;
    const { list } = page.answers.value;
    const address = page.address.value;
    if (list === undefined || address.view !== "groups") return;
    page.listed.value = { rows: list.groups, before: address.before, matched: list.matched };
  }

  /** Asks for the same again. `isHeld`: rows stay where they are. */
  async refresh(isHeld: boolean): Promise<void> {
    const { page } = this;
    if (this.running !== null) return;
    const address = page.address.value;
    const fetched = await this.fetch(sourcesOf(address, page.nowSeconds.value), false);
    if (fetched === null || page.address.value !== address) return;
    batch(() => {
      const { list } = page.answers.value;
      const fresh = fetched.answers.list;
      const held = isHeld && list !== undefined && fresh !== undefined ? heldList(list, fresh) : null;
      page.answers.value = { ...page.answers.value, ...fetched.answers, ...(held !== null && { list: held.list }) };
      page.failures.value = fetched.failures;
      page.newer.value = held !== null && address.view === "groups" && address.cursor === "" ? held.newer : 0;
      this.noteAnswer(fetched);
    });
  }

  /** null: something else was asked for meanwhile. */
  private async fetch(sources: Sources, isShown = true): Promise<Fetched | null> {
    this.running?.abort();
    const mine = new AbortController();
    this.running = mine;
    clearTimeout(this.patience);
    if (isShown) this.patience = setTimeout(() => (this.page.isLoading.value = true), PATIENCE_MS);
    try {
      return await fetchAll(sources, mine.signal);
    } catch (fault) {
      if (mine.signal.aborted) return null;
      throw fault;
    } finally {
      if (this.running === mine) this.end();
    }
  }

  private end(): void {
    this.running = null;
    clearTimeout(this.patience);
    this.page.isLoading.value = false;
  }

  private noteAnswer({ failures }: { readonly failures: Failures }): void {
    if (!Object.values(failures).some(({ status }) => status === 0)) this.answeredMs = this.nowMs();
  }
}

export function rowLink(row: number): HTMLElement | null {
  return document.querySelector(`a[data-row="${row}"]`);
}

/** What a view that asks for `sources` goes on showing until there is something newer. */
function keptAnswers(answers: Answers, before: Address, after: Address, sources: Sources): Answers {
  const { group, exposition, jobs, spread, ...others } = answers;
  if (before.view === "group" && after.view === "group" && before.path === after.path) return answers;
  return {
    ...others,
    ...(sources.jobs !== undefined && jobs !== undefined && { jobs }),
    ...(sources.spread !== undefined && spread !== undefined && { spread }),
  };
}

/** What is known of all groups, and of the server, is so whatever is typed. */
function changedByTyping({ jobs, runtime, ...others }: Sources, kept: Answers): Sources {
  return {
    ...others,
    ...(jobs !== undefined && kept.jobs === undefined && { jobs }),
    ...(runtime !== undefined && kept.runtime === undefined && { runtime }),
  };
}

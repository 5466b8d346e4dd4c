import { type Signal, signal } from "@preact/signals";
import type { ComponentType } from "preact";
import type { Address, GroupsAddress, ViewName } from "./address.ts";
import type { GroupRow, RemovalPlan, Tick } from "./answers.ts";
import type { FirstPage, Site } from "./first-page.ts";
import type { Answers, Failures } from "./sources.ts";

/** Whether what is shown is of now. */
export type Link =
  /** Nothing is asked for: before the page is taken over, and without JavaScript. */
  | { readonly state: "still" }
  | { readonly state: "live" }
  | { readonly state: "paused" }
  /** `sinceSeconds`: of the last answer; `nextSeconds`: of the next try. */
  | { readonly state: "offline"; readonly sinceSeconds: number; readonly nextSeconds: number };

/** What is to be deleted, and how far that is. */
export type Removal = {
  readonly stage: "planning" | "asking" | "deleting" | "done" | "failed";
  /** What went wrong, or came of it. */
  readonly words: string;
  /** What was typed to confirm. */
  readonly typed: string;
} /** Those pushed to after `asOf`, in seconds since 1970, are left alone; null: they are deleted, too. */ & (
  | { readonly what: "groups"; readonly rows: readonly GroupRow[]; readonly asOf: number | null }
  | { readonly what: "found"; readonly address: GroupsAddress; readonly plan: RemovalPlan | null }
  | { readonly what: "all"; readonly groups: number }
);

/** What is shown over the page. */
export type Panel = "help" | null;

/** Draws one view of the page. */
export type View = ComponentType<{ readonly page: Page; readonly address: Address }>;
/** Those that are there: the browser fetches one when it is first shown. */
export type Views = Readonly<Partial<Record<ViewName, View>>>;

/** All that is drawn. The server makes one for a request, the browser one for as long as the page is there. */
export class Page {
  readonly site: Site;
  /** Where pushes go, without a slash at the end. */
  readonly url: Signal<string>;
  readonly address: Signal<Address>;
  readonly answers: Signal<Answers>;
  readonly failures: Signal<Failures>;
  readonly views: Signal<Views>;
  /** What is shown over the page; null until it is first needed. */
  readonly dialogs = signal<ComponentType<{ readonly page: Page }> | null>(null);
  readonly nowSeconds: Signal<number>;
  /** What is in the search field, before it was asked for as well. */
  readonly typed: Signal<string>;
  readonly isLoading = signal(false);
  readonly link = signal<Link>({ state: "still" });
  readonly tick = signal<Tick | null>(null);
  readonly pushesPerSecond = signal<number | null>(null);
  /** Pushes a second, the newest last. */
  readonly rates = signal<readonly number[]>([]);
  /** By path. */
  readonly selected = signal<ReadonlyMap<string, GroupRow>>(new Map());
  /** The row that keys act on; -1: none. */
  readonly row = signal(-1);
  /** Groups that were pushed since the list was made. */
  readonly newer = signal(0);
  /** Milliseconds that the last search took. */
  readonly searchMs = signal<number | null>(null);
  readonly removal = signal<Removal | null>(null);
  readonly panel = signal<Panel>(null);
  /** What was just done, for a moment and for screen readers. */
  readonly said = signal("");
  /** Whether single letters are keys. */
  readonly hasLetterKeys = signal(true);
  /** The list that a group was opened from. */
  readonly listed = signal<{
    readonly rows: readonly GroupRow[];
    readonly before: number;
    readonly matched: number;
  } | null>(null);

  constructor(
    first: FirstPage,
    views: Views,
    /** What the reader can do; null where nothing: without JavaScript. */
    readonly act: Actions | null,
  ) {
    const { address } = first;
    this.site = first.site;
    this.url = signal(first.site.url);
    this.address = signal(address);
    this.answers = signal(first.answers);
    this.failures = signal(first.failures);
    this.views = signal(views);
    this.nowSeconds = signal(first.asOfSeconds);
    this.typed = signal(address.view === "groups" ? address.q : "");
  }
}

/** What the reader does. */
export interface Actions {
  /** A link of the page was followed. */
  readonly follow: (event: MouseEvent) => void;
  readonly typing: (q: string) => void;
  readonly search: () => void;
  readonly clearSearch: () => void;
  readonly showNewer: () => void;
  readonly select: (row: number, isRange: boolean) => void;
  readonly selectPage: () => void;
  readonly clearSelection: () => void;
  readonly copySelection: () => void;
  readonly copy: (text: string) => void;
  readonly removeGroups: (rows: readonly GroupRow[]) => void;
  readonly removeFound: () => void;
  readonly wipe: () => void;
  readonly typeConfirmation: (text: string) => void;
  readonly confirmRemoval: () => void;
  readonly closeRemoval: () => void;
  readonly pause: () => void;
  readonly changeTheme: () => void;
  readonly retry: () => void;
  readonly openHelp: () => void;
  readonly closeHelp: () => void;
  readonly useLetterKeys: (areOn: boolean) => void;
  /** Of a group by its path: saves its exposition. */
  readonly download: (path: string) => void;
}

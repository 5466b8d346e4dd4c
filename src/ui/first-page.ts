import type { Address, ViewName } from "./address.ts";
import type { Answers, Failures } from "./sources.ts";

/** What of the server does not change while a page is open. */
export interface Site {
  /** Where pushes go, without a slash at the end, as far as the server knows. */
  readonly url: string;
  /** Whether that is not what the operator has said, but taken from the request: the browser knows better. */
  readonly isUrlGuessed: boolean;
  /** In whose name the reader asks; "" where nobody is told from others. */
  readonly principal: string;
  /** Whether the reader may do so with some groups at least. */
  readonly mayPush: boolean;
  readonly mayDelete: boolean;
  /** Whether many groups may be deleted at once. */
  readonly mayDeleteMany: boolean;
  /** And all. */
  readonly mayWipe: boolean;
  /** Behind the URL. */
  readonly scrapePath: string;
}

export type Theme = "light" | "dark" | "system";

/** What the first screen is drawn from, and what the browser takes the page over with. */
export interface FirstPage {
  readonly site: Site;
  readonly address: Address;
  readonly theme: Theme;
  readonly asOfSeconds: number;
  readonly answers: Answers;
  readonly failures: Failures;
}

/** Names of the files beside the page. */
export interface Assets {
  readonly script: string;
  /** Of the views that have a script of their own. */
  readonly views: Readonly<Partial<Record<ViewName, string>>>;
  readonly styles: string;
  readonly icon: string;
}

/** Draws a whole document, as the browser then takes it over. */
export type Draw = (first: FirstPage, assets: Assets) => string;

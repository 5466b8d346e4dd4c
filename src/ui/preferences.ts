import type { Theme } from "./first-page.ts";

const YEAR_SECONDS = 31_536_000;
const LETTERS_OFF = "letter-keys-off";
const THEMES: readonly Theme[] = ["system", "light", "dark"];

/** The next theme, from now on and for documents to come: the server draws them with it. */
export function changeTheme(): Theme {
  const root = document.documentElement;
  const current = (root.dataset.theme ?? "system") as Theme;
  const next = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length] ?? "system";
  if (next === "system") delete root.dataset.theme;
  else root.dataset.theme = next;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is only for pages that came by TLS
  document.cookie = `theme=${next}; max-age=${YEAR_SECONDS}; samesite=strict`;
  return next;
}

export function hasLetterKeys(): boolean {
  try {
    return localStorage.getItem(LETTERS_OFF) === null;
  } catch {
    return true; // the browser keeps nothing
  }
}

export function keepLetterKeys(areOn: boolean): void {
  try {
    if (areOn) localStorage.removeItem(LETTERS_OFF);
    else localStorage.setItem(LETTERS_OFF, "1");
  } catch {
    // The browser keeps nothing: it holds until the page is closed.
  }
}

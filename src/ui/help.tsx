/** @jsxImportSource preact */
import { useEffect, useRef } from "preact/hooks";
import { CopyLine } from "./copy-line.tsx";
import type { Page } from "./page.ts";
import { scrapeConfig } from "./scrape-config.ts";

const KEYS: readonly (readonly [keys: readonly string[], what: string])[] = [
  [["/"], "search"],
  [["Esc"], "leave the search, else clear the selection, else back"],
  [["↓", "↑", "j", "k"], "next and previous row, or group"],
  [["Enter"], "open the row"],
  [["x"], "select the row; with Shift all up to it"],
  [["Del", "#"], "delete"],
  [["c"], "copy as matchers"],
  [["g g", "g r", "g s"], "groups, refused, status"],
  [["p"], "pause"],
  [["t"], "theme"],
  [["?"], "this list"],
];

/** What to set up in Prometheus, and which keys there are. */
export function HelpDialog({ page }: { page: Page }) {
  return page.panel.value === "help" ? <Help page={page} /> : null;
}

function Help({ page }: { page: Page }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { act, site } = page;
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} class="dialog help" aria-labelledby="help-title" onClose={act?.closeHelp}>
      <h2 id="help-title">Help</h2>
      <h3>To scrape this server</h3>
      <p class="second">
        With <code>honor_labels</code> Prometheus keeps the labels <code>job</code> and <code>instance</code> that were
        pushed. Without it they become <code>exported_job</code> and <code>exported_instance</code>.
      </p>
      <CopyLine
        page={page}
        text={scrapeConfig(page.url.value, site, page.answers.value.runtime?.access.passwords ?? false)}
      />
      <h3>Keys</h3>
      <KeyList />
      <label class="switch">
        <input
          type="checkbox"
          checked={page.hasLetterKeys.value}
          onClick={(event) => act?.useLetterKeys(event.currentTarget.checked)}
        />
        Single letters are keys
      </label>
      <footer>
        <button type="button" class="btn" onClick={act?.closeHelp}>
          Close <kbd>Esc</kbd>
        </button>
      </footer>
    </dialog>
  );
}

function KeyList() {
  return (
    <dl class="keys">
      {KEYS.map(([keys, what]) => (
        <div key={what}>
          <dt>
            {keys.map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  );
}

/** @jsxImportSource preact */
import { Icon } from "./icons.tsx";
import type { Page } from "./page.ts";
import { countText } from "./words.ts";

/** Characters that are shown; all are copied. */
const MOST_SHOWN = 4000;

/** Lines to be copied and run. */
export function CopyLine({ page, text }: { page: Page; text: string }) {
  return (
    <div class="copyline">
      <code>
        {text.slice(0, MOST_SHOWN)}
        {text.length > MOST_SHOWN && (
          <span class="quiet">… ({countText(text.length - MOST_SHOWN)} characters more, which the button copies)</span>
        )}
      </code>
      <button type="button" class="btn js" aria-label="Copy" title="Copy" onClick={() => page.act?.copy(text)}>
        <Icon name="copy" size={14} />
      </button>
    </div>
  );
}

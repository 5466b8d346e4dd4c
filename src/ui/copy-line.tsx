/** @jsxImportSource preact */
import { Icon } from "./icons.tsx";
import type { Page } from "./page.ts";

/** Lines to be copied and run. */
export function CopyLine({ page, text }: { page: Page; text: string }) {
  return (
    <div class="copyline">
      <code>{text}</code>
      <button type="button" class="btn js" aria-label="Copy" title="Copy" onClick={() => page.act?.copy(text)}>
        <Icon name="copy" size={14} />
      </button>
    </div>
  );
}

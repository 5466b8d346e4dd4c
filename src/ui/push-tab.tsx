/** @jsxImportSource preact */
import type { GroupAnswer } from "./answers.ts";
import { CopyLine } from "./copy-line.tsx";
import type { Page } from "./page.ts";
import { goLine, groupLines, type PushLine, pythonLines } from "./push-lines.ts";
import { jobOf } from "./text.tsx";

/** Lines to paste that push to this group, or delete it where the reader may. */
export function PushTab({ page, answer }: { page: Page; answer: GroupAnswer }) {
  const { labels, path } = answer.group;
  const { job: _, ...others } = labels;
  const url = page.url.value;
  return (
    <>
      <Lines page={page} title="From a shell" lines={groupLines(url, path, page.site.mayDelete)} />
      <Lines
        page={page}
        title="From a program"
        lines={[
          { what: "Python, with prometheus_client", text: pythonLines(url, jobOf(labels), others) },
          { what: "Go, with client_golang", text: goLine(url, jobOf(labels), others) },
        ]}
      />
    </>
  );
}

function Lines({ page, title, lines }: { page: Page; title: string; lines: readonly PushLine[] }) {
  return (
    <section class="card">
      <div class="panelhead">
        <h2>{title}</h2>
      </div>
      <div class="lines">
        {lines.map(({ what, text }) => (
          <div key={what}>
            <p class="quiet">{what}</p>
            <CopyLine page={page} text={text} />
          </div>
        ))}
      </div>
    </section>
  );
}

/** @jsxImportSource preact */
import type { GroupAnswer } from "./answers.ts";
import { Icon } from "./icons.tsx";
import type { Page } from "./page.ts";
import { maskedLines, seenParts } from "./seen.ts";
import type { Exposition } from "./sources.ts";
import { Seen } from "./text.tsx";
import { counted, countText, sizeText } from "./words.ts";

/** Lines that are set in colours, and characters in them that are named; more are plain. */
const COLOURED_LINES = 2000;
const NAMED_CHARACTERS = 2000;

/** What Prometheus scrapes of the group, to be copied or saved. */
export function ExpositionView({ page, answer }: { page: Page; answer: GroupAnswer }) {
  const { exposition } = page.answers.value;
  const { path, series, bytes } = answer.group;
  return (
    <section class="card">
      <div class="panelhead">
        <h2>
          As Prometheus scrapes it{" "}
          <span class="quiet">
            {counted(series, "series", "series")}, {sizeText(bytes)}
          </span>
        </h2>
        <span class="btns">
          <button type="button" class="btn js" onClick={() => page.act?.copy(exposition?.text ?? "")}>
            <Icon name="copy" size={14} />
            Copy {exposition?.isWhole === false ? "what is shown" : "all"}
          </button>
          <button type="button" class="btn js" onClick={() => page.act?.download(path)}>
            <Icon name="save" size={14} />
            Download
          </button>
        </span>
      </div>
      {exposition === undefined ? <Missing page={page} /> : <Text exposition={exposition} path={path} />}
    </section>
  );
}

function Missing({ page }: { page: Page }) {
  const failure = page.failures.value.exposition;
  return <p class="quiet padded">{failure === undefined ? "Loading…" : <Seen text={failure.message} most={400} />}</p>;
}

/** What is not shown is behind a link, for readers without JavaScript, too. */
function Text({ exposition, path }: { exposition: Exposition; path: string }) {
  const { text, isWhole } = exposition;
  const lines = text.split("\n");
  const coloured = lines.slice(0, colouredLines(lines));
  const rest = maskedLines(lines.slice(coloured.length).join("\n"));
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys (WCAG 2.1.1) */}
      <section class="text" tabIndex={0} aria-label="Exposition">
        <pre>
          {coloured.map((line, i) => (
            <Line key={i} line={i < lines.length - 1 ? `${line}\n` : line} />
          ))}
          {rest}
        </pre>
      </section>
      {!isWhole && (
        <p class="quiet padded">
          The first {countText(text.length)} characters.{" "}
          <a class="link" href={`./metrics${path}`}>
            All of it
          </a>
        </p>
      )}
    </>
  );
}

/** Of a line so many characters are named at most. */
function colouredLines(lines: readonly string[]): number {
  let named = 0;
  const at = lines.findIndex((line, i) => {
    named += seenParts(line).length - 1;
    return i === COLOURED_LINES || named > NAMED_CHARACTERS;
  });
  return at < 0 ? lines.length : at;
}

/** `name{labels} value`, or a comment. */
function Line({ line }: { line: string }) {
  if (line.startsWith("#"))
    return (
      <span class="quiet">
        <Unseen text={line} />
      </span>
    );
  const open = line.indexOf("{");
  const close = line.lastIndexOf("}");
  if (open < 0 || close < open) return <Unseen text={line} />;
  const value = line.slice(close + 1);
  return (
    <>
      <Unseen text={line.slice(0, open)} />
      <span class="second">
        <Unseen text={line.slice(open, close + 1)} />
      </span>
      <b>
        <Unseen text={value} />
      </b>
    </>
  );
}

/** A line feed ends the line. */
function Unseen({ text }: { text: string }) {
  return (
    <>
      {seenParts(text).map((part) => {
        if (typeof part === "string") return part;
        if (part.name === "LF") return "\n";
        return (
          <span class="ctl" title={part.code}>
            {part.name}
          </span>
        );
      })}
    </>
  );
}

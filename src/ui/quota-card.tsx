/** @jsxImportSource preact */
import type { QuotaFigures } from "./answers.ts";
import { Card, KeyValues, Meter } from "./card.tsx";
import { WarnPill } from "./text.tsx";
import { binarySizeText, countText } from "./words.ts";

/** Principals that have a bar. */
const BARS = 5;

/** How much of what principals may have kept is kept: those who are nearest to a limit, or all of the only one. */
export function Quotas({ quotas }: { quotas: readonly QuotaFigures[] }) {
  const [first, ...others] = quotas;
  if (first === undefined) return null;
  const full = quotas.filter((quota) => fullest(quota).share >= 1).length;
  return (
    <Card
      title="Quotas"
      pill={full > 0 && <WarnPill text={others.length === 0 ? "full" : `${countText(full)} full`} />}
    >
      {others.length === 0 ? <Whole quota={first} /> : <Fullest quotas={quotas} />}
    </Card>
  );
}

/** All that is counted of one principal. */
function Whole({ quota }: { quota: QuotaFigures }) {
  return (
    <>
      {usesOf(quota).map(({ term, used, most, text }) => (
        <Meter key={term} term={term} text={text} value={used} most={most} />
      ))}
      <KeyValues
        pairs={[
          ["principal", quota.principal],
          ["pushes", countText(quota.pushes_total)],
          ["refused over a limit", countText(refusedOf(quota))],
          ["pushes a second", quota.max_pushes_per_second === null ? null : `${quota.max_pushes_per_second} at most`],
          ["size of a push", quota.max_body_bytes === null ? null : `${binarySizeText(quota.max_body_bytes)} at most`],
        ]}
      />
    </>
  );
}

function Fullest({ quotas }: { quotas: readonly QuotaFigures[] }) {
  const more = quotas.length - BARS;
  const refused = quotas.reduce((sum, quota) => sum + refusedOf(quota), 0);
  return (
    <>
      {quotas.slice(0, BARS).map((quota) => {
        const { term, used, most, text } = fullest(quota);
        const words = term === "Size" ? text : `${text} ${term.toLowerCase()}`;
        return <Meter key={quota.principal} term={quota.principal} text={words} value={used} most={most} />;
      })}
      <KeyValues
        pairs={[
          ["others", more > 0 ? countText(more) : null],
          ["refused over a limit", countText(refused)],
        ]}
      />
      <p class="quiet">Of each the limit that it is nearest to.</p>
    </>
  );
}

interface Use {
  readonly term: string;
  readonly text: string;
  readonly used: number;
  /** null: there is no limit. */
  readonly most: number | null;
  /** Of the limit. */
  readonly share: number;
}

function usesOf(quota: QuotaFigures): [Use, Use, Use] {
  return [
    useOf("Groups", quota.groups, quota.max_groups, countText),
    useOf("Series", quota.series, quota.max_series, countText),
    useOf("Size", quota.size_bytes, quota.max_size_bytes, binarySizeText),
  ];
}

function useOf(term: string, used: number | null, most: number | null, textOf: (amount: number) => string): Use {
  const known = used === null ? "—" : textOf(used);
  const share = used === null || most === null ? 0 : used / most;
  return { term, text: most === null ? known : `${known} of ${textOf(most)}`, used: used ?? 0, most, share };
}

/** The limit that a principal is nearest to. */
function fullest(quota: QuotaFigures): Use {
  const [groups, ...others] = usesOf(quota);
  return others.reduce((most, use) => (use.share > most.share ? use : most), groups);
}

const refusedOf = ({ refused_pushes: refused }: QuotaFigures): number =>
  Object.values(refused).reduce((sum, count) => sum + count, 0);

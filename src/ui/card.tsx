/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { Track } from "./text.tsx";

const SPARK_WIDTH = 300;
const SPARK_HEIGHT = 44;
/** Room above the highest value. */
const SPARK_TOP = 6;
/** Share of a limit from which on it is amber. */
const NEAR = 0.8;

interface CardProps {
  readonly title: string;
  readonly pill?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Card({ title, pill, children }: CardProps) {
  return (
    <section class="card">
      <h2>
        {title}
        {pill}
      </h2>
      {children}
    </section>
  );
}

/** Terms with their values; what is null is left out. */
export function KeyValues({ pairs }: { pairs: readonly (readonly [term: string, value: ComponentChildren | null])[] }) {
  return (
    <dl class="kv">
      {pairs.map(
        ([term, value]) =>
          value !== null && (
            <>
              <dt>{term}</dt>
              <dd>{value}</dd>
            </>
          ),
      )}
    </dl>
  );
}

interface MeterProps {
  readonly term: string;
  readonly text: string;
  readonly value: number;
  /** null: there is no limit. */
  readonly most: number | null;
}

/** How much of a limit is used. */
export function Meter({ term, text, value, most }: MeterProps) {
  const share = most === null || most === 0 ? 0 : value / most;
  return (
    <div class={share >= NEAR ? "meter warn" : "meter"}>
      <div>
        <span class="second">{term}</span>
        <span class="num">{text}</span>
      </div>
      {most !== null && <Track share={share} />}
    </div>
  );
}

/** How a value went, the newest last. */
export function Spark({ values }: { values: readonly number[] }) {
  const highest = Math.max(1e-9, ...values);
  const step = SPARK_WIDTH / Math.max(1, values.length - 1);
  const points = values.map((value, i) => {
    const y = SPARK_HEIGHT - ((SPARK_HEIGHT - SPARK_TOP) * value) / highest;
    return `${(i * step).toFixed(1)} ${y.toFixed(1)}`;
  });
  const line = points.length < 2 ? "" : `M${points.join("L")}`;
  return (
    <svg class="spark" viewBox={`0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {line !== "" && (
        <>
          <path class="fill" d={`${line}L${SPARK_WIDTH} ${SPARK_HEIGHT}L0 ${SPARK_HEIGHT}Z`} />
          <path d={line} />
        </>
      )}
    </svg>
  );
}

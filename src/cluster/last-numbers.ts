import { type Revision, writerText } from "./revision.ts";

/** A writer without a batch in so many positions is forgotten. */
const REMEMBERED_POSITIONS = 1e6;
/** Those that are forgotten are looked for each time that the log has grown by so much. */
const SWEPT_POSITIONS = 1e5;

/** The last batch of a writer. */
export interface LastBatch {
  readonly id: Revision;
  readonly position: number;
}

/** The last number of each writer: a batch of his with one that is not above it has been folded before. */
export class LastNumbers {
  private readonly batches = new Map<string, LastBatch>();
  private sweptAt = 0;

  /** The number of the writer's last batch that is remembered at a position; 0: there is none. */
  of(writer: Revision, position: number): number {
    const last = this.batches.get(writerText(writer));
    return last === undefined || isForgotten(last, position) ? 0 : last.id.number;
  }

  note(id: Revision, position: number): void {
    this.batches.set(writerText(id), { id, position });
    if (position < this.sweptAt + SWEPT_POSITIONS) return;
    this.sweptAt = position;
    for (const [writer, last] of this.batches) if (isForgotten(last, position)) this.batches.delete(writer);
  }

  /** All that are remembered at a position. */
  all(position: number): LastBatch[] {
    return [...this.batches.values()].filter((last) => !isForgotten(last, position));
  }
}

const isForgotten = (last: LastBatch, position: number): boolean => position - last.position > REMEMBERED_POSITIONS;

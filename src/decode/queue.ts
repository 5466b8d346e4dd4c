import { freeBuffer } from "../bytes/free-buffer.ts";

/** While contents that are not freed yet take up so much no further body is decoded. */
const MOST_HELD_BYTES = 64 * 1024 * 1024;

/**
 * Lets one large body be decoded at a time: each may grow to the limit, and ten at once to ten times as much. The next
 * one begins when the one before is done with, well or not.
 */
export class DecodeQueue {
  private last: Promise<unknown> = Promise.resolve();
  private lastDecoded: Promise<unknown> = Promise.resolve();
  /** Contents that somebody reads, or will read. */
  private readonly held = new Map<ArrayBufferLike, number>();
  heldBytes = 0;
  private roomMade: () => void = () => {};

  /** Runs the work when its turn has come. */
  enter<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work, work);
    this.last = turn;
    return turn;
  }

  /**
   * Decodes a body when its turn has come and there is room: bodies are quicker decoded than stored. The content is
   * held until it is freed.
   */
  decode<T>(work: () => Promise<T>): Promise<T> {
    const inRoom = () => this.decodeInRoom(work);
    const turn = this.lastDecoded.then(inRoom, inRoom);
    this.lastDecoded = turn;
    return turn;
  }

  private async decodeInRoom<T>(work: () => Promise<T>): Promise<T> {
    while (this.heldBytes >= MOST_HELD_BYTES) await new Promise<void>((resolve) => (this.roomMade = resolve));
    const content = await work();
    if (content instanceof Uint8Array) this.hold(content);
    return content;
  }

  /** Counts a content that takes up memory of its own until it is freed. */
  hold(content: Uint8Array): void {
    if (this.held.has(content.buffer)) return;
    this.held.set(content.buffer, content.length);
    this.heldBytes += content.length;
  }

  /** Nothing reads a content any more, which is in a buffer of its own. It may be freed again. */
  free(content: Uint8Array): void {
    this.heldBytes -= this.held.get(content.buffer) ?? 0;
    this.held.delete(content.buffer);
    freeBuffer(content);
    if (this.heldBytes < MOST_HELD_BYTES) this.roomMade();
  }
}

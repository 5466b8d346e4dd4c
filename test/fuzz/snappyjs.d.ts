declare module "snappyjs" {
  /** The block format. */
  export function compress(content: Uint8Array): Uint8Array;
}

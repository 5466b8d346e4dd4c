import { zstdDecompressSync } from "node:zlib";
import { Fault } from "../model/fault.ts";
import { frameContentBytes } from "./zstd-frame.ts";

/** Bytes as they are stored: zstd, level 1. */
export function pack(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return own(Bun.zstdCompressSync(bytes, { level: 1 }));
}

/** What was packed; a Fault where it is not `sizeBytes` of it, and never more memory than that. */
export function unpack(packed: Uint8Array, sizeBytes: number): Uint8Array<ArrayBuffer> | Fault {
  try {
    const bytes = expand(packed, sizeBytes);
    if (bytes.length === sizeBytes) return own(bytes);
    return new Fault(`unpacking: ${bytes.length} bytes, expected ${sizeBytes}`);
  } catch (error) {
    return new Fault(`unpacking ${sizeBytes} bytes: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** In one step where the frame itself says that it is `sizeBytes`, as ours does; else piece by piece, up to a limit. */
function expand(packed: Uint8Array, sizeBytes: number): Buffer {
  if (frameContentBytes(packed) === sizeBytes) return Bun.zstdDecompressSync(packed);
  return zstdDecompressSync(packed, { maxOutputLength: Math.max(1, sizeBytes) });
}

/** The bytes in a buffer of their own, which can be given to another thread. */
function own(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) return new Uint8Array(buffer, byteOffset, length);
  return new Uint8Array(bytes);
}

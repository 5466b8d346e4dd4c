/**
 * ELF files for 64-bit x86, read as far as the build needs it: the header, the program headers ("segments") and the
 * dynamic section. See elf(5). Addresses and offsets are below 2^53 and kept as numbers.
 *
 *     file header, 64 bytes | ... program headers, 56 bytes each ... | the segments' bytes, anywhere
 */

/** Types of segments. */
export const SEGMENT = { load: 1, dynamic: 2, interpreter: 3, note: 4, stack: 0x6474e551 } as const;
/** What a segment's memory allows. */
export const ACCESS = { execute: 1, write: 2, read: 4 } as const;
/** Types of files: at fixed addresses, or movable. */
export const FILE_TYPE = { executable: 2, shared: 3 } as const;

/** Offsets of fields in the file header. */
export const HEADER = { type: 16, machine: 18, entry: 24, programHeaders: 32, programHeaderCount: 56 } as const;
export const PROGRAM_HEADER_BYTES = 56;

const IDENTIFICATION = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // "\x7fELF", 64 bits, little endian, version 1
const X86_64 = 62;
const DYNAMIC = { end: 0, needed: 1, stringTable: 5, searchPath: 15, runSearchPath: 29 } as const;

export interface Segment {
  readonly type: number;
  /** Bits of ACCESS. */
  readonly access: number;
  /** Where its bytes are in the file, and how many. */
  readonly offset: number;
  readonly fileBytes: number;
  /** Where they are in memory; what is beyond the file's bytes is zero. */
  readonly address: number;
  readonly memoryBytes: number;
  readonly alignment: number;
}

export interface Elf {
  /** The file's name, for messages. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly type: number;
  readonly entry: number;
  /** Where the program headers are in the file. */
  readonly headersOffset: number;
  readonly segments: readonly Segment[];
}

/** Reads the headers; throws where the bytes are no ELF file for x86-64. */
export function readElf(name: string, bytes: Buffer): Elf {
  if (!bytes.subarray(0, IDENTIFICATION.length).equals(IDENTIFICATION) || bytes.readUInt16LE(HEADER.machine) !== X86_64)
    throw new Error(`reading ${name}: expected an ELF file for x86-64`);
  const headersOffset = Number(bytes.readBigUInt64LE(HEADER.programHeaders));
  const segments = Array.from({ length: bytes.readUInt16LE(HEADER.programHeaderCount) }, (_, i) =>
    readSegment(bytes, headersOffset + i * PROGRAM_HEADER_BYTES),
  );
  const entry = Number(bytes.readBigUInt64LE(HEADER.entry));
  return { name, bytes, type: bytes.readUInt16LE(HEADER.type), entry, headersOffset, segments };
}

function readSegment(bytes: Buffer, at: number): Segment {
  const word = (offset: number) => Number(bytes.readBigUInt64LE(at + offset));
  return {
    type: bytes.readUInt32LE(at),
    access: bytes.readUInt32LE(at + 4),
    offset: word(8),
    address: word(16),
    fileBytes: word(32),
    memoryBytes: word(40),
    alignment: word(48),
  };
}

/** Program headers as they are in a file. */
export function programHeaders(segments: readonly Segment[]): Buffer {
  const table = Buffer.alloc(segments.length * PROGRAM_HEADER_BYTES);
  segments.forEach((segment, i) => {
    const at = i * PROGRAM_HEADER_BYTES;
    const { offset, address, fileBytes, memoryBytes, alignment } = segment;
    table.writeUInt32LE(segment.type, at);
    table.writeUInt32LE(segment.access, at + 4);
    [offset, address, address, fileBytes, memoryBytes, alignment].forEach((value, field) => {
      table.writeBigUInt64LE(BigInt(value), at + 8 + field * 8);
    });
  });
  return table;
}

export function segmentsOf(elf: Elf, type: number): Segment[] {
  return elf.segments.filter((segment) => segment.type === type);
}

/** Where an address is in the file; throws where it is in no segment. */
function offsetOf(elf: Elf, address: number): number {
  const home = segmentsOf(elf, SEGMENT.load).find((s) => address >= s.address && address < s.address + s.fileBytes);
  if (home === undefined) throw new Error(`reading ${elf.name}: address 0x${address.toString(16)} is not in the file`);
  return address - home.address + home.offset;
}

/** What a file asks ld.so for: the names of libraries, and whether it names folders of its own to look for them. */
export function dynamicNeeds(elf: Elf): { libraries: string[]; ownSearchPath: boolean } {
  const entries = dynamicEntries(elf);
  const strings = entries.find(({ tag }) => tag === DYNAMIC.stringTable)?.value;
  const names = entries
    .filter(({ tag }) => tag === DYNAMIC.needed)
    .map(({ value }) => textAt(elf, (strings ?? 0) + value));
  const ownSearchPath = entries.some(({ tag }) => tag === DYNAMIC.searchPath || tag === DYNAMIC.runSearchPath);
  return { libraries: names, ownSearchPath };
}

function dynamicEntries(elf: Elf): { tag: number; value: number }[] {
  const [section] = segmentsOf(elf, SEGMENT.dynamic);
  if (section === undefined) return [];
  const entries: { tag: number; value: number }[] = [];
  for (let at = section.offset; at < section.offset + section.fileBytes; at += 16) {
    const tag = Number(elf.bytes.readBigInt64LE(at));
    if (tag === DYNAMIC.end) break;
    entries.push({ tag, value: Number(elf.bytes.readBigUInt64LE(at + 8)) });
  }
  return entries;
}

function textAt(elf: Elf, address: number): string {
  const start = offsetOf(elf, address);
  return elf.bytes.toString("latin1", start, elf.bytes.indexOf(0, start));
}

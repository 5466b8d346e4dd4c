/**
 * Makes a program that needs glibc on its host into one that needs nothing: a file with ld.so and the libraries in it
 * (docs/static-binary.md; docs/workarounds.md, `static-link`).
 *
 *     in the file       the program, unchanged but for three header fields | ld.so | stub | libraries, headers
 *     in memory         the program | .. 2 MiB boundary | ld.so, its segments | stub | libraries, headers
 *
 * The kernel maps it all. It starts the stub, the stub starts ld.so on the program's old headers, and ld.so finds the
 * libraries through a hook in its function that opens files (see stub.c). Nothing is unpacked to a disk.
 */
import { BuildFault } from "./build-fault.ts";
import type { CLibrary } from "./c-library.ts";
import {
  ACCESS,
  dynamicNeeds,
  type Elf,
  FILE_TYPE,
  HEADER,
  PROGRAM_HEADER_BYTES,
  programHeaders,
  SEGMENT,
  type Segment,
  segmentsOf,
} from "./elf.ts";
import { STUB_ENTRY, type StubPlan } from "./stub.ts";

const PAGE_BYTES = 4096;
const LARGE_PAGE_BYTES = 2 << 20;

/**
 * The start of ld.so's `__open64_nocancel`: mov %esi,%r10d; mov %rdx,-0x20(%rsp); and $0x40,%r10d. The first two, eight
 * bytes, make room for a jump; stub.c repeats them.
 */
const OPEN_START = Buffer.from("4189f248895424e04183e240", "hex");
const OPEN_REPLACED_BYTES = 8;

/** Bytes of the file with a place in memory. */
interface Piece {
  readonly address: number;
  readonly access: number;
  readonly bytes: Buffer;
}

/**
 * The self-contained program. Throws, with the reason, where the program or the C library is not of the kind that this
 * can join.
 */
export function makeStatic(program: Elf, library: CLibrary, compile: (plan: StubPlan) => Buffer): Buffer {
  checkProgram(program);
  const files = [program, library.loader, ...library.libraries];
  for (const file of files) checkNeeds(file, files);
  const base = roundUp(imageEnd(program), LARGE_PAGE_BYTES);
  const stubAddress = base + roundUp(imageEnd(library.loader), PAGE_BYTES);
  const stored = packLibraries(library.libraries, stubAddress + PAGE_BYTES);
  const openOffset = findOpen(library.loader);
  const openAddress = base + addressOf(library.loader, openOffset);
  const stub = compile({
    address: stubAddress,
    programEntry: program.entry,
    programHeaders: headersAddress(program),
    programHeaderCount: program.segments.length,
    loaderBase: base,
    loaderEntry: base + library.loader.entry,
    loaderOpenRest: openAddress + OPEN_REPLACED_BYTES,
    libraries: stored.places,
    librariesAddress: stubAddress + PAGE_BYTES,
    librariesBytes: stored.bytes.length,
  });
  if (stub.length > PAGE_BYTES) throw new Error(`the stub has ${stub.length} bytes, more than a page`);
  const loader = hookOpen(library.loader, openOffset, openAddress, stubAddress + STUB_ENTRY.openHook);
  return append(program, stubAddress + STUB_ENTRY.start, [
    ...loaderPieces(loader, base),
    { address: stubAddress, access: ACCESS.read | ACCESS.execute, bytes: padded(stub) },
    { address: stubAddress + PAGE_BYTES, access: ACCESS.read, bytes: stored.bytes },
  ]);
}

function checkProgram(program: Elf): void {
  const fault = programFault(program);
  if (fault !== null) throw new BuildFault(`making ${program.name} self-contained: ${fault}`);
}

function programFault(program: Elf): string | null {
  if (program.type !== FILE_TYPE.executable) return "expected a program at fixed addresses (ET_EXEC)";
  if (segmentsOf(program, SEGMENT.interpreter).length !== 1)
    return "expected a program that names its ld.so (PT_INTERP)";
  return null;
}

function checkNeeds(file: Elf, bundle: readonly Elf[]): void {
  const { libraries, ownSearchPath } = dynamicNeeds(file);
  if (ownSearchPath) throw new BuildFault(`bundling ${file.name}: it has a search path of its own (RPATH or RUNPATH)`);
  const missing = libraries.filter((name) => !bundle.some((member) => member.name === name));
  if (missing.length > 0)
    throw new BuildFault(`bundling ${file.name}: it needs ${missing.join(", ")}, not in the bundle`);
}

/** The address behind the last byte in memory. */
function imageEnd(elf: Elf): number {
  return Math.max(...segmentsOf(elf, SEGMENT.load).map((s) => s.address + s.memoryBytes));
}

/** Where the file's own program headers are in memory. */
function headersAddress(elf: Elf): number {
  return addressOf(elf, elf.headersOffset);
}

function addressOf(elf: Elf, offset: number): number {
  const home = segmentsOf(elf, SEGMENT.load).find((s) => offset >= s.offset && offset < s.offset + s.fileBytes);
  if (home === undefined) throw new Error(`reading ${elf.name}: offset 0x${offset.toString(16)} is not in memory`);
  return offset - home.offset + home.address;
}

/** Where ld.so opens files: an offset in its file. */
function findOpen(loader: Elf): number {
  const offset = loader.bytes.indexOf(OPEN_START);
  if (offset < 0 || loader.bytes.indexOf(OPEN_START, offset + 1) >= 0)
    throw new BuildFault(
      `bundling ${loader.name}: expected its __open64_nocancel exactly once, as in glibc 2.36 and 2.41`,
    );
  return offset;
}

/** A copy of ld.so whose function that opens files begins with a jump to the hook. */
function hookOpen(loader: Elf, openOffset: number, openAddress: number, hookAddress: number): Elf {
  const bytes = Buffer.from(loader.bytes);
  bytes.fill(0x90, openOffset, openOffset + OPEN_REPLACED_BYTES); // nop
  bytes[openOffset] = 0xe9; // jmp, relative to the next instruction
  bytes.writeInt32LE(hookAddress - (openAddress + 5), openOffset + 1);
  return { ...loader, bytes };
}

/** ld.so as it is in memory. Whole pages: it takes the zeros behind its data for its first allocations. */
function loaderPieces(loader: Elf, base: number): Piece[] {
  return segmentsOf(loader, SEGMENT.load).map((segment) => {
    const start = roundDown(segment.address, PAGE_BYTES);
    const bytes = Buffer.alloc(roundUp(segment.address + segment.memoryBytes, PAGE_BYTES) - start);
    loader.bytes.copy(bytes, segment.address - start, segment.offset, segment.offset + segment.fileBytes);
    return { address: base + start, access: segment.access, bytes };
  });
}

/**
 * The library files one behind the other, each from the start of a page, with a page left for the new program headers.
 */
function packLibraries(libraries: readonly Elf[], address: number) {
  let end = address;
  const places = libraries.map(({ name, bytes }) => {
    const place = { name, address: end, sizeBytes: bytes.length };
    end += roundUp(bytes.length, PAGE_BYTES);
    return place;
  });
  return { places, bytes: Buffer.concat([...libraries.map((file) => padded(file.bytes)), Buffer.alloc(PAGE_BYTES)]) };
}

/** The program's file with the pieces behind it; the new program headers are in the last page of the last piece. */
function append(program: Elf, entry: number, pieces: readonly Piece[]): Buffer {
  const file = Buffer.concat([padded(program.bytes), ...pieces.map(({ bytes }) => bytes)]);
  let offset = roundUp(program.bytes.length, PAGE_BYTES);
  const added = pieces.map((piece) => {
    const size = piece.bytes.length;
    const place = { offset, fileBytes: size, address: piece.address, memoryBytes: size, alignment: PAGE_BYTES };
    offset += size;
    return { type: SEGMENT.load, access: piece.access, ...place };
  });
  const kept = (type: number): Segment[] => segmentsOf(program, type);
  const segments = [...kept(SEGMENT.load), ...added, ...kept(SEGMENT.stack), ...kept(SEGMENT.note)];
  if (segments.length * PROGRAM_HEADER_BYTES > PAGE_BYTES) throw new Error(`${segments.length} segments fill a page`);
  programHeaders(segments).copy(file, file.length - PAGE_BYTES);
  file.writeBigUInt64LE(BigInt(entry), HEADER.entry);
  file.writeBigUInt64LE(BigInt(file.length - PAGE_BYTES), HEADER.programHeaders);
  file.writeUInt16LE(segments.length, HEADER.programHeaderCount);
  return file;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(roundUp(bytes.length, PAGE_BYTES) - bytes.length)]);
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

function roundDown(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

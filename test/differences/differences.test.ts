import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, createTestApp } from "../app.ts";
import { commandUnderTest, Gateway, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Connection } from "../wire.ts";
import type { AppProof, ElsewhereProof, ProofStep, StartProof, WireProof } from "./proof.ts";
import { PROOFS } from "./proofs.ts";
import { readDifferences } from "./table.ts";

const root = join(import.meta.dir, "..", "..");
const rows = readDifferences(readFileSync(join(root, "docs/differences.md"), "utf8"));

async function takeStep(step: ProofStep, send: (method: string, path: string) => Promise<Response>): Promise<void> {
  const [method = "", path = ""] = step.ask.split(" ");
  const response = await send(method, path);
  const body = await response.text();
  expect(`${step.ask}: ${response.status}\n${response.status === step.status ? "" : body}`).toBe(
    `${step.ask}: ${step.status}\n`,
  );
  for (const part of step.has ?? []) expect(body).toContain(part);
  for (const part of step.lacks ?? []) expect(body).not.toContain(part);
  for (const [name, value] of Object.entries(step.answers ?? {})) expect(response.headers.get(name)).toBe(value);
}

async function proveInApp({ flags = [], steps, logged = [] }: AppProof): Promise<void> {
  const { app, logged: lines } = createTestApp(...flags);
  for (const step of steps) {
    const { body, headers } = step;
    await takeStep(step, (method, path) => ask(app, method, path, { body: body as string, headers: headers ?? {} }));
  }
  for (const part of logged) expect(lines.join("")).toContain(part);
}

async function proveOnWire({ flags = [], wire }: WireProof): Promise<void> {
  await using gateway = await Gateway.start(flags);
  for (const { bytes, status } of wire) {
    using connection = await Connection.open(gateway.port);
    connection.write(bytes);
    expect({ bytes, status: await connection.statusOrClosed() }).toEqual({ bytes, status });
  }
}

async function proveByStart({ flags, files = {}, code, says }: StartProof): Promise<void> {
  const folder = scratchFolder();
  const filled = (text: string) => text.replaceAll("$F", folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), filled(text));
  const words = [
    ...commandUnderTest(),
    "--web.listen-address=127.0.0.1:0",
    "--persistence.file=",
    ...flags.map(filled),
  ];
  const ended = await run(words);
  expect(ended.stderr).toContain(says);
  expect(ended.code).toBe(code);
}

function proveElsewhere({ file, title }: ElsewhereProof): void {
  expect(readFileSync(join(root, file), "utf8")).toContain(title);
}

async function prove(proof: AppProof | WireProof | StartProof | ElsewhereProof): Promise<void> {
  if ("steps" in proof) await proveInApp(proof);
  else if ("wire" in proof) await proveOnWire(proof);
  else if ("code" in proof) await proveByStart(proof);
  else proveElsewhere(proof);
}

describe("docs/differences.md", () => {
  test("has a proof for every row, and a row for every proof", () => {
    const proofsOf = (reference: string) => PROOFS.filter(({ row }) => reference.includes(row));
    const rowsOf = (words: string) => rows.filter(({ reference }) => reference.includes(words));
    expect(rows.filter(({ reference }) => proofsOf(reference).length === 0)).toEqual([]);
    expect(PROOFS.filter(({ row }) => rowsOf(row).length !== 1).map(({ row }) => row)).toEqual([]);
    expect(PROOFS.filter(({ by }) => by.length === 0).map(({ row }) => row)).toEqual([]);
  });

  test.each(PROOFS.flatMap(({ row, by }) => by.map((proof, n) => [row, n + 1, proof] as const)))(
    "says the truth where it says: %s (%d)",
    async (_row, _n, proof) => prove(proof),
  );
});

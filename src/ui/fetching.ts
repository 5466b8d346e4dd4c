import type { Answers, Exposition, Failure, Failures, Slot, Sources, SourceUrl } from "./sources.ts";
import { EXPOSITION_CHARACTERS } from "./sources.ts";

/** What came of asking: answers, and why there are none. */
export interface Fetched {
  readonly answers: Answers;
  readonly failures: Failures;
}

/** Asks the API for all that a view needs. Throws where it was given up. */
export async function fetchAll(sources: Sources, signal: AbortSignal): Promise<Fetched> {
  const answers: Partial<Record<Slot, unknown>> = {};
  const failures: Partial<Record<Slot, Failure>> = {};
  await Promise.all(
    Object.entries(sources).map(async ([name, url]) => {
      const slot = name as Slot;
      const answer = await ask(slot, url, signal);
      if ("failure" in answer) failures[slot] = answer.failure;
      else answers[slot] = answer.data;
    }),
  );
  return { answers: answers as Answers, failures };
}

async function ask(slot: Slot, url: SourceUrl, signal: AbortSignal): Promise<{ data: unknown } | { failure: Failure }> {
  try {
    if (slot === "exposition") return await askText(url, signal);
    const response = await fetch(`./${url}`, { signal, headers: { Accept: "application/json" } });
    if (!response.ok) return { failure: await failureOf(response) };
    const { data } = (await response.json()) as { data: unknown };
    return { data };
  } catch (fault) {
    if (signal.aborted) throw fault;
    return { failure: { status: 0, message: "no answer from the server" } };
  }
}

/** Not more of it than is shown. */
async function askText(url: SourceUrl, signal: AbortSignal): Promise<{ data: Exposition } | { failure: Failure }> {
  const response = await fetch(`./${url}`, { signal, headers: { Accept: "text/plain" } });
  if (!response.ok || response.body === null) return { failure: await failureOf(response) };
  const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
    text += piece.value;
    if (text.length >= EXPOSITION_CHARACTERS) {
      await pieces.cancel();
      return { data: { text: text.slice(0, EXPOSITION_CHARACTERS), isWhole: false } };
    }
  }
  return { data: { text, isWhole: true } };
}

export async function failureOf(response: Response): Promise<Failure> {
  const text = (await response.text()).trim();
  const message = text === "" ? `status ${response.status}` : (jsonError(text) ?? text);
  return { status: response.status, message };
}

/** `error` of an answer of the API that is JSON; null where it is none. */
function jsonError(text: string): string | null {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === "string" ? error : null;
  } catch {
    return null;
  }
}

/**
 * Runs tests, a process for each file and two at a time: those of `npm test`, or with `all` of `npm run test:all`.
 * Other words choose the files whose path holds one of them; `--times` prints how long each file took.
 */
import { compiledUnderTest } from "./compiled.ts";
import { runFile } from "./file-run.ts";
import { installLine, missingPackages, neededPackages } from "./packages.ts";
import { Progress } from "./progress.ts";
import { filesOf } from "./suites.ts";
import { watchOver } from "./watch.ts";

/** More disturb each other: tests start servers and wait for them. */
const AT_ONCE = 2;

const words = process.argv.slice(2);
const isAll = words[0] === "all";
const suite = isAll ? "npm run test:all" : "npm test";
const files = filesOf(
  suite,
  (isAll ? words.slice(1) : words).filter((word) => word !== "--times"),
);
const say = (text: string) => void process.stdout.write(text);

if (files.length === 0) {
  say(`${suite}: no file of tests is named like ${words.join(" or ")}\n`);
  process.exit(1);
}

if (isAll) {
  const missing = missingPackages();
  if (missing.length > 0) {
    say(`not installed here, so what needs it is left out (or fails, where CI is set): ${missing.join(" ")}\n`);
    say(`all that the tests need is installed by: ${installLine(neededPackages())}\n`);
  }
}

process.env.PUSHGATEWAY_UNDER_TEST ||= compiledUnderTest();
watchOver(process.env);
say(`${suite}: ${files.length} files, ${AT_ONCE} at a time\n`);
const progress = new Progress(files.length, process.stdout.isTTY, say);
const waiting = [...files];

async function work(): Promise<void> {
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) progress.add(await runFile(path));
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
if (words.includes("--times"))
  for (const { path, seconds, processorSeconds } of progress.results.sort((a, b) => b.seconds - a.seconds))
    say(
      `${seconds.toFixed(1).padStart(7)} s, ${processorSeconds.toFixed(1).padStart(6)} s of processor time  ${path}\n`,
    );
progress.end();
process.exit(progress.failed === 0 ? 0 : 1);

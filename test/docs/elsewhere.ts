/** Commands in `sh` blocks of pages, which take too long or too much of a machine. Each is run elsewhere. */
export interface ElsewhereCommand {
  readonly command: RegExp;
  /** A file that runs it, and words in it that say so. */
  readonly file: string;
  readonly words: string;
}

export const ELSEWHERE: readonly ElsewhereCommand[] = [
  { command: /^npm ci$/, file: ".ci/run", words: "npm ci" },
  { command: /^npm test$/, file: ".ci/run", words: "npm test" },
  {
    command: /^(?:KEEP_SCREENSHOTS=1 )?npm (?:test|run test:all) -- /,
    file: "test/runner/suites.test.ts",
    words: "words choose files",
  },
  { command: /^sudo apt install /, file: ".ci/run", words: "apt-get install" },
  { command: /^\.ci\/newer-programs$/, file: ".ci/run", words: ".ci/newer-programs" },
  { command: /^npm ci && npm start$|^npm start -- /, file: "test/docs/commands.all.test.ts", words: "npm start -- " },
  { command: /^npm ci && npm run build && \.\/dist\/pushgateway$/, file: ".ci/run", words: "npm run build" },
  { command: /docker (?:build|run) /, file: "test/release/guides.all.test.ts", words: "docker build" },
  { command: /^helm upgrade /, file: "test/release/kubernetes.all.test.ts", words: "values.yaml" },
  { command: /^kubectl exec /, file: "test/release/kubernetes.all.test.ts", words: "kubectl exec" },
  { command: /^npm run build && npm run bench$/, file: "bench/main.ts", words: "npm run bench -- " },
  { command: /^npm run bench -- /, file: "bench/main.ts", words: "npm run bench -- " },
  { command: /^npm run scaling$/, file: "test/docs/scaling.test.ts", words: "npm run scaling prints" },
  { command: /^npm run soak -- /, file: ".ci/run", words: "npm run soak -- --minutes 10" },
];

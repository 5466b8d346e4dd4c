import { markdownOf, tables } from "./tables.ts";

// Prints the figures of docs/scaling.md: what a cluster of many gateways, that share the jobs, would have to do.
for (const table of tables()) process.stdout.write(`## ${table.title}\n\n${markdownOf(table)}\n\n`);

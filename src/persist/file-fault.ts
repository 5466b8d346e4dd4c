/**
 * What is wrong with the operator's file, in words for people. It is thrown, as SQLite throws its own faults, up to
 * where the thread or command that has the file reports it (worker.ts, import-thread.ts, export.ts). Everywhere else
 * such a thing is a Fault, which is returned.
 */
export class FileFault extends Error {}

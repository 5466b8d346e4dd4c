/**
 * What the building machine lacks, or has in a form that cannot be used. The message says what was looked for and what
 * to install: it is for whoever builds, who needs no stack.
 */
export class BuildFault extends Error {}

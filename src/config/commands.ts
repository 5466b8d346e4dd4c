import { type Flag, IGNORED_FLAGS, OTHER_NAMES, SETTING_FLAGS } from "./flags.ts";

/** A way to run the program, with everything that may follow its name. */
export interface Command {
  /** "" is the server's, which has no word of its own. */
  readonly name: "" | "help" | "export" | "healthcheck";
  readonly description: string;
  /** In the order of the help text. */
  readonly flags: readonly Flag[];
  readonly argument: Argument | null;
}

/** The one word that is not a flag. */
export interface Argument {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
}

/** The flags that print something and end the program; every command has them. They are no settings. */
export const HELP_FLAG: Flag = {
  ...printing("help", "Show context-sensitive help (also try --help-long and --help-man)."),
  short: "h",
};
export const HELP_LONG_FLAG: Flag = { ...printing("help-long", "Generate long help."), hidden: true };
export const HELP_MAN_FLAG: Flag = { ...printing("help-man", "Generate a man page."), hidden: true };
export const BASH_FLAG: Flag = { ...printing("completion-script-bash", "Print a script for bash."), hidden: true };
export const ZSH_FLAG: Flag = { ...printing("completion-script-zsh", "Print a script for zsh."), hidden: true };
export const VERSION_FLAG: Flag = printing("version", "Show application version.");

const SERVE: Command = {
  name: "",
  description: "The Pushgateway",
  flags: withPrinting([...SETTING_FLAGS, ...OTHER_NAMES, ...IGNORED_FLAGS]),
  argument: null,
};

const HELP: Command = {
  name: "help",
  description: "Show help.",
  flags: withPrinting([]),
  argument: { name: "command", description: "Show help on command.", required: false },
};

const EXPORT: Command = {
  name: "export",
  description:
    "Write what a persistence file holds to standard output, as one text exposition or as a persistence file of the Go Pushgateway. The file may be in use.",
  flags: withPrinting([
    {
      name: "format",
      kind: "enum",
      defaults: ["text"],
      words: ["text", "gob"],
      description: "Output format. One of: [text, gob]",
    },
  ]),
  argument: { name: "file", description: "The persistence file.", required: true },
};

const HEALTHCHECK: Command = {
  name: "healthcheck",
  description: "Exit with 0 if a server is healthy: the named one, or the one in this container.",
  flags: withPrinting([
    { name: "url", kind: "text", defaults: [], description: "The http or https URL to ask." },
    { name: "insecure", kind: "switch", defaults: [], description: "Accept any certificate." },
  ]),
  argument: null,
};

/** The commands that are called by their name, in the order of the help text. */
export const NAMED_COMMANDS: readonly Command[] = [HELP, EXPORT, HEALTHCHECK];

/** The command of a name; of any other word, and of none, the server's. */
export function commandOf(word: unknown): Command {
  return NAMED_COMMANDS.find(({ name }) => name === word) ?? SERVE;
}

/** Those of the help text. */
export function visibleFlags(command: Command): readonly Flag[] {
  return command.flags.filter((flag) => flag.hidden !== true);
}

function printing(name: string, description: string): Flag {
  return { name, kind: "switch", defaults: [], description };
}

function withPrinting(flags: readonly Flag[]): Flag[] {
  return [HELP_FLAG, HELP_LONG_FLAG, HELP_MAN_FLAG, BASH_FLAG, ZSH_FLAG, ...flags, VERSION_FLAG];
}

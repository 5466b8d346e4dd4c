import { type Flag, IGNORED_FLAGS, OTHER_NAMES, SETTING_FLAGS } from "./flags.ts";

/** A way to run the program, with everything that may follow its name. */
export interface Command {
  /** "" is the server's, which has no word of its own. */
  readonly name: "" | "help" | "export" | "healthcheck" | "check-config" | "hash-token";
  readonly description: string;
  /** In the order of the help text. */
  readonly flags: readonly Flag[];
  /** Flags of another command, which are taken as well, and which its own help has. */
  readonly lent: readonly Flag[];
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

const SERVER_FLAGS = [...SETTING_FLAGS, ...OTHER_NAMES, ...IGNORED_FLAGS];

const SERVE: Command = {
  name: "",
  description: "The Pushgateway",
  flags: withPrinting(SERVER_FLAGS),
  lent: [],
  argument: null,
};

const HELP: Command = {
  name: "help",
  description: "Show help.",
  flags: withPrinting([]),
  lent: [],
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
  lent: [],
  argument: { name: "file", description: "The persistence file.", required: true },
};

const HEALTHCHECK: Command = {
  name: "healthcheck",
  description: "Exit with 0 if a server is healthy: the named one, or the one in this container.",
  flags: withPrinting([
    { name: "url", kind: "text", defaults: [], description: "The http or https URL to ask." },
    { name: "insecure", kind: "switch", defaults: [], description: "Accept any certificate." },
  ]),
  lent: [],
  argument: null,
};

const CHECK_CONFIG: Command = {
  name: "check-config",
  description:
    "Say what is wrong with flags of the server and with the files that they name, without starting or changing anything. Takes all flags of the server. Exits with 0 if it would start and do what they say, with 1 if not, with 2 if there are only warnings and --strict is given.",
  flags: withPrinting([
    {
      name: "format",
      kind: "enum",
      defaults: ["text"],
      words: ["text", "json"],
      description: "Output format. One of: [text, json]",
    },
    { name: "strict", kind: "switch", defaults: [], description: "Exit with 2 if there are warnings." },
  ]),
  lent: SERVER_FLAGS,
  argument: null,
};

const HASH_TOKEN: Command = {
  name: "hash-token",
  description:
    "Print the SHA-256 of a bearer token, as an access file has it. The token is read from standard input, without showing what is typed, unless it is given; others can see what is given on a command line.",
  flags: withPrinting([
    { name: "generate", kind: "switch", defaults: [], description: "Print a new random token of 256 bits, too." },
  ]),
  lent: [],
  argument: { name: "token", description: "The token.", required: false },
};

/** The commands that are called by their name, in the order of the help text. */
export const NAMED_COMMANDS: readonly Command[] = [HELP, EXPORT, HEALTHCHECK, CHECK_CONFIG, HASH_TOKEN];

/** The command of a name; of any other word, and of none, the server's. */
export function commandOf(word: unknown): Command {
  return NAMED_COMMANDS.find(({ name }) => name === word) ?? SERVE;
}

/** Those of the help text. */
export function visibleFlags(command: Command): readonly Flag[] {
  return command.flags.filter((flag) => flag.hidden !== true);
}

/** All that may follow its name. */
export const takenFlags = ({ flags, lent }: Command): readonly Flag[] => [...flags, ...lent];

function printing(name: string, description: string): Flag {
  return { name, kind: "switch", defaults: [], description };
}

function withPrinting(flags: readonly Flag[]): Flag[] {
  return [HELP_FLAG, HELP_LONG_FLAG, HELP_MAN_FLAG, BASH_FLAG, ZSH_FLAG, ...flags, VERSION_FLAG];
}

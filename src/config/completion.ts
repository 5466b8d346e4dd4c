import { commandOf, NAMED_COMMANDS, takenFlags } from "./commands.ts";
import { PROGRAM_NAME } from "./program.ts";

/** The first word of a command line that asks for completions of its last word. */
export const COMPLETION_WORD = "--completion-bash";

/**
 * Completions of the last of `words`, one a line: the words of a flag's value if there are some, the flags of the
 * command, or the commands. The shell keeps those that begin with what is there.
 */
export function completions(words: readonly string[]): string {
  const command = commandOf(words[0]);
  const [before = "", last = ""] = [words.at(-2), words.at(-1)];
  const name = last.startsWith("--") ? last : before;
  const taken = takenFlags(command);
  const flag = taken.find((known) => `--${known.name}` === name);
  if (flag !== undefined && flag.kind !== "switch") return (flag.words ?? []).join("\n");
  if (last.startsWith("--"))
    return taken
      .filter(({ hidden }) => hidden !== true)
      .map(({ name: known }) => `--${known}`)
      .join("\n");
  return command.name === "" || command.name === "help" ? NAMED_COMMANDS.map((named) => named.name).join("\n") : "";
}

/** To be read by `source` or `eval`. */
export const BASH_SCRIPT = `_${PROGRAM_NAME}_complete() {
    local found
    found=$("\${COMP_WORDS[0]}" ${COMPLETION_WORD} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    COMPREPLY=($(compgen -W "$found" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _${PROGRAM_NAME}_complete ${PROGRAM_NAME}
`;

/** To be read by `source` or `eval`. */
export const ZSH_SCRIPT = `#compdef ${PROGRAM_NAME}
_${PROGRAM_NAME}() {
    local -a found
    found=(\${(f)"$("\${words[1]}" ${COMPLETION_WORD} "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
    compadd -a found || _files
}
compdef _${PROGRAM_NAME} ${PROGRAM_NAME}
`;

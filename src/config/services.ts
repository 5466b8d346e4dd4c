/** TCP services that Go knows without a list of the system's. */
const BUILT_IN: readonly (readonly [name: string, port: number])[] = [
  ["ftp", 21],
  ["ftps", 990],
  ["gopher", 70],
  ["http", 80],
  ["https", 443],
  ["imap2", 143],
  ["imap3", 220],
  ["imaps", 993],
  ["pop3", 110],
  ["pop3s", 995],
  ["smtp", 25],
  ["ssh", 22],
  ["telnet", 23],
];

/** The longest name that Go looks up. */
const MAX_NAME_BYTES = 25;

/**
 * The TCP port of a service by its name or alias, in upper or lower case, or null. `list` is the text of /etc/services,
 * services(5); it wins over what is built in, and may be empty.
 */
export function servicePort(name: string, list: string): number | null {
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return null;
  const ports = new Map([...BUILT_IN, ...list.split("\n").flatMap(portsOfLine)]);
  return ports.get(name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())) ?? null;
}

/** `http  80/tcp  www  # World Wide Web` returns http and www. */
function portsOfLine(line: string): (readonly [name: string, port: number])[] {
  const [name = "", portText = "", ...aliases] = line
    .replace(/#.*/, "")
    .trim()
    .split(/[ \t\r]+/);
  const port = Number(/^(\d+)\/tcp$/.exec(portText)?.[1]);
  return port > 0 ? [name, ...aliases].map((known) => [known, port] as const) : [];
}

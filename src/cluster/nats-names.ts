/**
 * Every subject that a replica of the cluster `name` uses; its account needs no other, and each of them.
 *
 *     publish     <name>.log                                    entries
 *                 <name>.snap.>                                 settings, chunks and pointers of snapshots
 *                 $JS.API.STREAM.INFO.<name>                    and of <name>_SNAP: head, who leads, configuration
 *                 $JS.API.DIRECT.GET.<name>                     entries that are missing
 *                 $JS.API.DIRECT.GET.<name>_SNAP.<name>.snap.>  settings and snapshots
 *                 $JS.API.STREAM.PURGE.<name>                   and of <name>_SNAP: what a snapshot has replaced
 *                 $JS.API.STREAM.CREATE.<name>                  and of <name>_SNAP: only where it is to make them
 *     subscribe   <name>.live                                   entries as they are stored
 *                 _INBOX_<name>.>                               answers
 */
export interface Names {
  /** The stream of the log, and that of the snapshots. */
  readonly stream: string;
  readonly snapshots: string;
  readonly log: string;
  readonly live: string;
  readonly settings: string;
  readonly pointer: string;
  /** Of all snapshots; `<chunks>.<snapshot>.<message>` is one message. */
  readonly chunks: string;
  readonly everySnap: string;
  readonly inbox: string;
}

export function namesOf(name: string): Names {
  return {
    stream: name,
    snapshots: `${name}_SNAP`,
    log: `${name}.log`,
    live: `${name}.live`,
    settings: `${name}.snap.settings`,
    pointer: `${name}.snap.pointer`,
    chunks: `${name}.snap.chunk`,
    everySnap: `${name}.snap.>`,
    inbox: `_INBOX_${name}`,
  };
}

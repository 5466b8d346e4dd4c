import { Fault } from "../model/fault.ts";

const WHOLE_LENGTH = 59;

/**
 * Why a text cannot be a bcrypt hash that passwords are verified with, or null. The words are those of Go's bcrypt
 * package.
 */
export function bcryptFault(hash: string): Fault | null {
  if (hash.length < WHOLE_LENGTH) return refused("hashedSecret too short to be a bcrypted password");
  if (!hash.startsWith("$"))
    return refused(`bcrypt hashes must start with '$', but hashedSecret started with '${hash[0]}'`);
  if ((hash[1] ?? "") > "2")
    return refused(`bcrypt algorithm version '${hash[1]}' requested is newer than current version '2'`);
  const found = /^\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash);
  if (found === null) return refused("hashedSecret is not of the form $2y$<cost>$<53 characters>");
  const cost = Number(found[1]);
  if (cost < 4 || cost > 31) return refused(`cost ${cost} is outside allowed inclusive range 4..31`);
  return null;
}

function refused(words: string): Fault {
  return new Fault(`crypto/bcrypt: ${words}`);
}

import type { Writer } from "../bytes/writer.ts";
import { CounterFamily } from "./counter.ts";

/** Requests that were not for who asked, by the principal's name. There are no more series than names were given. */
export class ForbiddenCounter {
  private readonly family = new CounterFamily("pushgateway_principal_forbidden_total", ["principal"]);

  count(principal: string): void {
    this.family.series(principal).value++;
  }

  write(writer: Writer): void {
    this.family.write(writer);
  }
}

/** @jsxImportSource preact */
import { hrefOf, type StatusAddress } from "./address.ts";
import type { Flag, RuntimeAnswer } from "./answers.ts";
import { Icon } from "./icons.tsx";
import type { Page, View } from "./page.ts";
import { StatusCards } from "./status-cards.tsx";
import { Seen } from "./text.tsx";
import { counted, countText, spanText, timeText } from "./words.ts";

/** What is running, how it does, and with which flags. */
export const StatusView: View = ({ page, address }) => {
  const { runtime } = page.answers.value;
  if (address.view !== "status") return null;
  return (
    <div class="stack narrow">
      <Title page={page} runtime={runtime} />
      {runtime !== undefined && <StatusCards page={page} runtime={runtime} />}
      {runtime !== undefined && <Flags page={page} address={address} flags={runtime.flags} />}
      {page.site.mayWipe && runtime !== undefined && <Wipe page={page} runtime={runtime} />}
    </div>
  );
};

function Title({ page, runtime }: { page: Page; runtime: RuntimeAnswer | undefined }) {
  return (
    <div class="title">
      <div>
        <h1>Status</h1>
        {runtime !== undefined && (
          <p class="second">
            Version {runtime.build.version}, up {spanText(page.nowSeconds.value - runtime.start_seconds)} on{" "}
            <Seen text={runtime.listen_addresses.join(", ")} most={200} />, started{" "}
            {timeText(Math.floor(runtime.start_seconds))}.
          </p>
        )}
      </div>
      <div class="btns js">
        <button type="button" class="btn" onClick={() => page.act?.copy(JSON.stringify(runtime, null, 2))}>
          <Icon name="copy" size={14} />
          Copy for a bug report
        </button>
      </div>
    </div>
  );
}

interface FlagsProps {
  readonly page: Page;
  readonly address: StatusAddress;
  readonly flags: Readonly<Record<string, Flag>>;
}

function Flags({ page, address, flags }: FlagsProps) {
  const all = Object.entries(flags).sort(([a], [b]) => (a < b ? -1 : 1));
  const changed = all.filter(([, flag]) => isChanged(flag));
  const others = address.allFlags ? all.filter(([, flag]) => !isChanged(flag)) : [];
  return (
    <section class="card">
      <div class="panelhead">
        <h2>
          Flags{" "}
          <span class="quiet">
            {countText(changed.length)} of {countText(all.length)} not at {changed.length === 1 ? "its" : "their"}{" "}
            default
          </span>
        </h2>
        <a class="btn" href={hrefOf({ ...address, allFlags: !address.allFlags })} onClick={page.act?.follow}>
          {address.allFlags ? "Show these" : "Show all"}
        </a>
      </div>
      <table class="flags">
        <tbody>
          {[...changed, ...others].map(([name, flag]) => (
            <FlagRow key={name} name={name} flag={flag} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

const isChanged = (flag: Flag): boolean => flag.value !== flag.default;

function FlagRow({ name, flag }: { name: string; flag: Flag }) {
  const { value, default: usual } = flag;
  return (
    <tr class={isChanged(flag) ? "set" : undefined}>
      <th scope="row">--{name}</th>
      <td>{value === "" ? <span class="quiet">none</span> : <Seen text={value} most={2000} />}</td>
      <td class="quiet">
        {isChanged(flag) ? usual === "" ? "no default" : <>default {<Seen text={usual} most={200} />}</> : "default"}
      </td>
    </tr>
  );
}

function Wipe({ page, runtime }: { page: Page; runtime: RuntimeAnswer }) {
  const groups = page.tick.value?.groups ?? runtime.store.groups;
  return (
    <section class="card">
      <div class="panelhead">
        <div>
          <h2>Wipe</h2>
          <p class="quiet">Deletes all {counted(groups, "group")}. Shown because --web.enable-admin-api is set.</p>
        </div>
        <button type="button" class="btn danger js" onClick={page.act?.wipe}>
          <Icon name="trash" />
          Wipe everything…
        </button>
      </div>
    </section>
  );
}

import type { PushColumns } from "../../model/columns.ts";
import type { MetricType } from "../../model/metric-type.ts";
import { MAX_TOLD_BYTES, messageText } from "../../protobuf/message-text.ts";
import { METRIC } from "../../protobuf/metrics-proto.ts";
import type { Renderer } from "./render.ts";
import { SideMessage } from "./side-message.ts";

/** No field is written behind this many bytes: there is more than is printed. */
const MOST_BYTES = 2 * MAX_TOLD_BYTES;

/**
 * A metric as Go prints its message in error texts: `label:{name:"job"  value:"j"}  gauge:{value:1}`. `type` is that of
 * its family, which has been rendered.
 */
export function describeMetric(columns: PushColumns, metric: number, type: MetricType, renderer: Renderer): string {
  const writer = new SideMessage();
  writer.begin(columns, metric, type, renderer, MOST_BYTES);
  while (!writer.writeOn());
  const message = writer.out.view();
  const text = messageText(message, METRIC);
  return message.length > MOST_BYTES && !text.endsWith("...") ? `${text}  ...` : text;
}

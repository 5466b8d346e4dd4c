/** What the simulation is of. */
export interface Inputs {
  readonly gateways: number;
  readonly logs: number;
  /** Gateways that hold one shard. */
  readonly copies: number;
  readonly series: number;
  readonly seriesPerGroup: number;
  /** Between two pushes into a group. */
  readonly pushEverySeconds: number;
  /** Between two scrapes of a shard. */
  readonly scrapeEverySeconds: number;
  readonly engineServers: number;
  /** Servers that keep one log. */
  readonly engineReplicas: number;
}

export const INPUTS: Inputs = {
  gateways: 100,
  logs: 64,
  copies: 2,
  series: 100_000_000,
  seriesPerGroup: 12,
  pushEverySeconds: 60,
  scrapeEverySeconds: 60,
  engineServers: 15,
  engineReplicas: 3,
};

/** What was measured, and is multiplied here. */
export interface Measured {
  /** Of a gateway that holds nothing. */
  readonly idleMegabytes: number;
  readonly memoryBytesPerSeries: number;
  readonly textBytesPerSeries: number;
  /** Of one push of ten gauges. */
  readonly pushBytes: number;
  /** Of one push of ten gauges in a batch of the log, packed. */
  readonly logBytesPerPush: number;
  /** Pushes per second that one log took, on two cores with the engine beside it. */
  readonly pushesPerLog: number;
  /** Series per second that a gateway takes over from a snapshot. */
  readonly loadedSeriesPerSecond: number;
}

import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

const strict = { additionalProperties: false };

const Probe = Type.Object(
  {
    enabled: Type.Literal(true),
    probe: Type.Object(
      {
        httpGet: Type.Object({ path: Type.String(), port: Type.Literal(9091), scheme: Type.Literal("HTTP") }, strict),
        periodSeconds: Type.Integer(),
        timeoutSeconds: Type.Integer(),
        failureThreshold: Type.Optional(Type.Integer()),
      },
      strict,
    ),
  },
  strict,
);

const InitContainer = Type.Object(
  {
    name: Type.String(),
    image: Type.String(),
    command: Type.Array(Type.String()),
    volumeMounts: Type.Array(Type.Object({ name: Type.Literal("storage-volume"), mountPath: Type.String() }, strict)),
  },
  strict,
);

/**
 * The values of the chart prometheus-pushgateway 3.8 that ours use; another one is refused, so that none goes untested.
 */
const Values = Type.Object(
  {
    image: Type.Object({ repository: Type.String(), tag: Type.String() }, strict),
    extraArgs: Type.Array(Type.String()),
    persistentVolume: Type.Object(
      {
        enabled: Type.Literal(true),
        mountPath: Type.String(),
        size: Type.String(),
        accessModes: Type.Array(Type.Literal("ReadWriteOnce")),
      },
      strict,
    ),
    replicaCount: Type.Literal(1),
    strategy: Type.Object({ type: Type.Literal("Recreate") }, strict),
    securityContext: Type.Object(
      {
        runAsUser: Type.Integer(),
        runAsGroup: Type.Integer(),
        runAsNonRoot: Type.Literal(true),
        fsGroup: Type.Integer(),
        fsGroupChangePolicy: Type.Literal("OnRootMismatch"),
        seccompProfile: Type.Object({ type: Type.Literal("RuntimeDefault") }, strict),
      },
      strict,
    ),
    containerSecurityContext: Type.Object(
      {
        allowPrivilegeEscalation: Type.Literal(false),
        readOnlyRootFilesystem: Type.Literal(true),
        capabilities: Type.Object({ drop: Type.Array(Type.String()) }, strict),
      },
      strict,
    ),
    automountServiceAccountToken: Type.Literal(false),
    resources: Type.Object(
      {
        requests: Type.Object({ cpu: Type.String(), memory: Type.String() }, strict),
        limits: Type.Object({ memory: Type.String() }, strict),
      },
      strict,
    ),
    liveness: Probe,
    readiness: Probe,
    extraInitContainers: Type.Optional(Type.Array(InitContainer)),
  },
  strict,
);

/** What values-replicas.yaml sets, each as a whole. */
const ReplicaValues = Type.Object(
  {
    replicaCount: Type.Integer({ minimum: 2 }),
    extraArgs: Type.Array(Type.String()),
    extraVolumes: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          secret: Type.Object({ secretName: Type.String(), defaultMode: Type.Integer() }, strict),
        },
        strict,
      ),
    ),
    extraVolumeMounts: Type.Array(
      Type.Object({ name: Type.String(), mountPath: Type.String(), readOnly: Type.Literal(true) }, strict),
    ),
    persistentVolume: Type.Object({ enabled: Type.Literal(false) }, strict),
    strategy: Type.Object(
      {
        type: Type.Literal("RollingUpdate"),
        rollingUpdate: Type.Object({ maxUnavailable: Type.Literal(0), maxSurge: Type.Integer({ minimum: 1 }) }, strict),
      },
      strict,
    ),
    podAntiAffinity: Type.Union([Type.Literal("soft"), Type.Literal("hard")]),
    podDisruptionBudget: Type.Object({ minAvailable: Type.Integer({ minimum: 1 }) }, strict),
    lifecycle: Type.Object(
      { preStop: Type.Object({ sleep: Type.Object({ seconds: Type.Integer() }, strict) }, strict) },
      strict,
    ),
    readiness: Probe,
  },
  strict,
);

export type ReplicaValues = Static<typeof ReplicaValues>;

/** The values for replicas; a key that the chart does not have, or that is not looked at here, is refused. */
export function replicaValues(text: string): ReplicaValues {
  return Value.Parse(ReplicaValues, Bun.YAML.parse(text));
}

export type ChartValues = Static<typeof Values>;

/** The values of several files, as helm joins those of one `-f` each. */
export function chartValues(texts: readonly string[]): ChartValues {
  return Value.Parse(Values, Object.assign({}, ...texts.map((text) => Bun.YAML.parse(text))));
}

/** What the kubelet is told of the chart's pod, as `docker run` is told it; `volume` is a folder of the host. */
export function podOptions(values: ChartValues, volume: string): string[] {
  const { securityContext: pod, containerSecurityContext: container, resources } = values;
  return [
    `--user=${pod.runAsUser}:${pod.runAsGroup}`,
    `--group-add=${pod.fsGroup}`,
    ...container.capabilities.drop.map((name) => `--cap-drop=${name}`),
    "--security-opt=no-new-privileges",
    "--read-only",
    "--no-healthcheck",
    `--memory=${resources.limits.memory.replace("Gi", "g")}`,
    `--volume=${volume}:${values.persistentVolume.mountPath}`,
  ];
}

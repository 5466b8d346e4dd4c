/** A configuration of HAProxy: `global` and `backend` are lines of these sections, `check` of the server's one. */
export function haproxyConfig(
  port: number,
  upstream: number,
  { global = "", backend, check = "" }: { global?: string; backend: string; check?: string },
): string {
  return `global
  ${global}
defaults
  mode http
  timeout connect 10s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${port}
  default_backend gateway
backend gateway
  ${backend}
  server one 127.0.0.1:${upstream} ${check}
`;
}

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { firstAbsent, requirement } from "../program.ts";
import { BIG, type ClientCase, ClientStand, SCHEMES } from "./clients/stand.ts";

const { skip, reason } = requirement(firstAbsent("bash", "openssl", "busybox", "curl", "nc", "wget", "wrk"));

const SOME = ['some{instance=""} 1'];

const CASES: readonly ClientCase[] = [
  {
    proves: "curl --data-binary @- posts what it reads",
    script: `echo "some 1" | curl --http1.1 --data-binary @- $JOB`,
    answers: "200 1.1",
    stored: SOME,
  },
  {
    proves: "curl -T - puts in chunks what it reads",
    script: `(echo "some 1"; sleep 0.2; echo "more 2") | curl --http1.1 -T - $JOB`,
    answers: "200 1.1",
    stored: ['more{instance=""} 2', ...SOME],
  },
  {
    proves: "curl -T FILE waits for 100 Continue and puts a big file",
    script: `curl --http1.1 -H 'Expect: 100-continue' -T $BIG $JOB`,
    answers: "200 1.1",
    stored: BIG,
  },
  {
    proves: "curl posts a big file, Expect in capitals",
    script: `curl --http1.1 -H 'Expect: 100-CONTINUE' --expect100-timeout 30 --data-binary @$BIG $JOB`,
    answers: "200 1.1",
    stored: BIG,
  },
  {
    proves: "curl waits for 100 Continue before chunks",
    script: `curl --http1.1 -H 'Expect: 100-continue' --expect100-timeout 30 -T - $JOB < $BIG`,
    answers: "200 1.1",
    stored: BIG,
  },
  {
    proves: "curl --http1.0 is answered in HTTP/1.0 and stored",
    script: `curl --http1.0 --data-binary @$BIG $JOB`,
    answers: "200 1",
    stored: BIG,
  },
  {
    proves: "curl --http1.0 may keep its connection",
    script: `echo "some 1" >$MADE/some
      curl --http1.0 -w '%{num_connects}\\n' -H 'Connection: keep-alive' --data-binary @$MADE/some $JOB $JOB`,
    answers: "1\n0",
    stored: SOME,
  },
  {
    proves: "curl --http2 asks to upgrade on plain HTTP, and is answered in HTTP/1.1",
    script: `echo "some 1" | curl --http2 --data-binary @- $JOB`,
    answers: "200 1.1",
    stored: SOME,
    over: "http",
  },
  {
    proves: "curl --http2 with a body in chunks is understood on plain HTTP",
    script: `curl --http2 -T - $JOB < $BIG`,
    answers: "200 1.1",
    stored: BIG,
    over: "http",
  },
  {
    proves: "curl --http2 puts what it reads as streams of HTTP/2",
    script: `curl --http2 -T - $JOB < $BIG`,
    answers: "200 2",
    stored: BIG,
    over: "https",
  },
  {
    proves: "curl --http2-prior-knowledge is refused at once on plain HTTP, and nothing is stored",
    script: `curl -o /dev/null --http2-prior-knowledge --data-binary "some 1" $JOB 2>/dev/null; echo "exit code $?"`,
    answers: "000 0\nexit code 52",
    stored: [],
    over: "http",
  },
  {
    proves: "curl --http2-prior-knowledge is understood over TLS",
    script: `echo "some 1" | curl --http2-prior-knowledge --data-binary @- $JOB`,
    answers: "200 2",
    stored: SOME,
    over: "https",
  },
  {
    proves: "curl --compressed scrapes all of it",
    script: `curl -o /dev/null --data-binary @$BIG $JOB; curl --compressed $GATEWAY/metrics | count_big`,
    answers: "200 1.1\n50000",
    stored: BIG,
    over: "http",
  },
  {
    proves: "curl -X DELETE removes the group",
    script: `echo "some 1" | curl -o /dev/null --data-binary @- $JOB; curl --http1.1 -X DELETE $JOB`,
    answers: "200 1.1\n202 1.1",
    stored: [],
    over: "http",
  },
  {
    proves: "curl --path-as-is with dots is led to the clean path, and pushes there",
    script: `echo "some 1" | curl --http1.1 --path-as-is -o /dev/null -L --post301 --data-binary @- \\
      $GATEWAY/metrics/job/other/../\${JOB##*/}`,
    answers: "200 1.1",
    stored: SOME,
    over: "http",
  },
  {
    proves: "curl -H 'Connection: close' is answered before the connection is closed",
    script: `curl --http1.1 -H 'Connection: close' --data-binary @$BIG $JOB`,
    answers: "200 1.1",
    stored: BIG,
  },
  {
    proves: "curl -H 'Content-Type: text/xml' is read as text all the same",
    script: `echo "some 1" | curl --http1.1 -H 'Content-Type: text/xml' --data-binary @- $JOB`,
    answers: "200 1.1",
    stored: SOME,
  },
  {
    proves: "curl pushes, scrapes and removes on one connection",
    script: `echo "some 1" >$MADE/some; echo "more 2" >$MADE/more
      options="--http1.1 -o /dev/null -w %{http_code}:%{num_connects}\\n"
      curl $options --data-binary @$MADE/some $JOB --next $options --data-binary @$MADE/more $JOB \\
        --next $options $GATEWAY/metrics --next $options -X DELETE $JOB/n/none --next $options $GATEWAY/-/nowhere`,
    answers: "200:1\n200:0\n200:0\n202:0\n404:0",
    stored: ['more{instance=""} 2', ...SOME],
  },
  {
    proves: "wget --post-data is stored",
    script: `wget --post-data $'some 1\\n' $JOB`,
    answers: "HTTP/1.1 200 OK",
    stored: SOME,
  },
  {
    proves: "wget --post-file sends a big file",
    script: `wget --post-file=$BIG $JOB`,
    answers: "HTTP/1.1 200 OK",
    stored: BIG,
  },
  {
    proves: "wget --method=PUT --body-file replaces the group",
    script: `wget --post-data $'old 1\\n' $JOB; wget --method=PUT --body-file=$BIG $JOB`,
    answers: "HTTP/1.1 200 OK\nHTTP/1.1 200 OK",
    stored: BIG,
  },
  {
    proves: "wget --method=DELETE removes the group",
    script: `wget --post-data $'old 1\\n' $JOB; wget --method=DELETE $JOB`,
    answers: "HTTP/1.1 200 OK\nHTTP/1.1 202 Accepted",
    stored: [],
  },
  {
    proves: "wget --compression=gzip scrapes all of it",
    script: `wget --post-file=$BIG $JOB
      command wget -q -O - --ca-certificate=$CA --compression=gzip $GATEWAY/metrics | count_big`,
    answers: "HTTP/1.1 200 OK\n50000",
    stored: BIG,
  },
  {
    proves: "busybox wget --post-data is stored",
    script: `busybox_wget --post-data $'some 1\\n' $JOB`,
    answers: "HTTP/1.1 200 OK",
    stored: SOME,
    over: "http",
  },
  {
    proves: "busybox wget --post-file sends a big file",
    script: `busybox_wget --post-file $BIG $JOB`,
    answers: "HTTP/1.1 200 OK",
    stored: BIG,
    over: "http",
  },
  {
    proves: "busybox wget scrapes",
    script: `busybox_wget $GATEWAY/metrics`,
    answers: "HTTP/1.1 200 OK",
    stored: [],
    over: "http",
  },
  {
    proves: "nc with lines that end by LF, and a half-closed connection",
    script: `printf "POST $PATH_OF_JOB HTTP/1.1\\nHost: a\\nContent-Length: 7\\n\\nsome 1\\n" |
      nc -N 127.0.0.1 $PORT | status_line`,
    answers: "HTTP/1.1 200 OK",
    stored: SOME,
    over: "http",
  },
  {
    proves: "nc with lines that end by LF, HTTP/1.0 and no Host",
    script: `printf "PUT $PATH_OF_JOB HTTP/1.0\\nContent-Length: 7\\n\\nsome 1\\n" | nc 127.0.0.1 $PORT | status_line`,
    answers: "HTTP/1.0 200 OK",
    stored: SOME,
    over: "http",
  },
  {
    proves: "nc that asks for the end of the connection",
    script: `printf "POST $PATH_OF_JOB HTTP/1.1\\nHost: a\\nConnection: close\\nContent-Length: 7\\n\\nsome 1\\n" |
      nc 127.0.0.1 $PORT | status_line`,
    answers: "HTTP/1.1 200 OK",
    stored: SOME,
    over: "http",
  },
  {
    proves: "nc that writes its request slowly, line by line, and closes its half",
    script: `lines=("POST $PATH_OF_JOB HTTP/1.1" "Host: a" "Content-Length: 7" "" "some 1")
      (for line in "\${lines[@]}"; do echo "$line"; sleep 0.05; done) | nc -N 127.0.0.1 $PORT | status_line`,
    answers: "HTTP/1.1 200 OK",
    stored: SOME,
    over: "http",
  },
  {
    proves: "nc that scrapes and closes its half at once gets all of it",
    script: `curl -o /dev/null --data-binary @$BIG $JOB
      printf "GET /metrics HTTP/1.0\\n\\n" | nc -N 127.0.0.1 $PORT | count_big`,
    answers: "200 1.1\n50000",
    stored: BIG,
    over: "http",
  },
  {
    proves: "nc that promises more than it sends is refused, and nothing is stored",
    script: `printf "POST $PATH_OF_JOB HTTP/1.1\\nHost: a\\nContent-Length: 70\\n\\nsome 1\\n" |
      nc -N 127.0.0.1 $PORT | status_line`,
    answers: "HTTP/1.1 400 Bad Request",
    stored: [],
    over: "http",
  },
  {
    proves: "bash's own sockets, lines ended by LF",
    script: `exec 3<>/dev/tcp/127.0.0.1/$PORT
      printf "POST $PATH_OF_JOB HTTP/1.1\\nHost: a\\nConnection: close\\nContent-Length: 7\\n\\nsome 1\\n" >&3
      status_line <&3`,
    answers: "HTTP/1.1 200 OK",
    stored: SOME,
    over: "http",
  },
  {
    proves: "wrk pushes for 2 seconds over kept connections, and no request fails",
    script: `echo 'wrk.method = "PUT"; wrk.body = "some 1\\n"' >$MADE/push.lua
      wrk -t 2 -c 8 -d 2s -s $MADE/push.lua $JOB | wrk_faults`,
    answers: "answered",
    stored: SOME,
  },
  {
    proves: "wrk scrapes for 2 seconds over kept connections, and no request fails",
    script: `wrk -t 2 -c 8 -d 2s -H 'Accept-Encoding: gzip' $GATEWAY/metrics | wrk_faults`,
    answers: "answered",
    stored: [],
  },
];

let stand: ClientStand;
beforeAll(async () => {
  if (!skip) stand = await ClientStand.create();
});
afterAll(async () => {
  await stand?.[Symbol.asyncDispose]();
});

describe.skipIf(skip)(`command-line clients${reason}`, () => {
  for (const scheme of SCHEMES) {
    const cases = CASES.filter(({ over }) => over === undefined || over === scheme);
    test.each(cases)(`over ${scheme}: $proves`, async ({ script, answers, stored }) => {
      expect(await stand.result(script, scheme)).toEqual({ answers, stored: [...stored] });
    });
  }
});

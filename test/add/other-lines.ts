/** The same lines of two series. */
const twice = (linesOf: (x: number) => string): string => linesOf(1) + linesOf(2);

/** What a group holds of two series of `h`, and what is added to one of them, which has other lines then. */
export const OTHER_LINES = [
  {
    what: "bounds that it had not",
    before: `# TYPE h histogram
${twice((x) => `h_bucket{x="${x}",le="1"} 1\nh_bucket{x="${x}",le="+Inf"} 1\nh_count{x="${x}"} 1\n`)}`,
    added: '# TYPE h histogram\nh_bucket{x="1",le="0.5"} 1\nh_bucket{x="1",le="2"} 1\nh_count{x="1"} 1\n',
    series: 10,
  },
  {
    what: "no quantiles any more",
    before: `# TYPE h summary
${twice((x) => `h{x="${x}",quantile="0.5"} 1\nh{x="${x}",quantile="0.9"} 1\nh_count{x="${x}"} 1\n`)}`,
    added: '# TYPE h summary\nh_count{x="1"} 1\n',
    series: 6,
  },
] as const;

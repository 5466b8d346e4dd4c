import { createTestApp, push, type TestApp } from "../app.ts";

/** More than is sorted, its groups in no order. */
export async function largeStore(): Promise<TestApp> {
  const tested = createTestApp();
  for (let i = 0; i < 4000; i++) {
    const job = (i * 7919) % 4000;
    const body = `# HELP a Help.\n# TYPE a gauge\na{x="${"x".repeat(250)}"} ${job}\n# HELP h Help.\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`;
    await push(tested.app, `/job/j${job}`, body);
  }
  return tested;
}

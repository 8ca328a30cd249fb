import { defineConfig } from 'vitest/config'

/** Where .ci/run wants the results as JSON; people read them on the terminal. */
const results = process.env['SIPFENCE_TEST_RESULTS']

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/announce.ts'],
    // No verdict is about time: these only end what would never end by itself, on any machine.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 300_000, interval: 20 } },
    // One more than the least machine has processors: some tests wait for clocks most of the time.
    maxWorkers: 3,
    // Loading the AWS SDK and CDK anew for each file takes a quarter of the time; so a test leaves nothing behind in its process.
    isolate: false,
    reporters: results === undefined ? ['default'] : ['default', ['json', { outputFile: results }]],
  },
})

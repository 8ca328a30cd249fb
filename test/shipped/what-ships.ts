/** Tests of what runs on the Node that ships: in the sidecar's tarball, and in the functions. */
const BESIDE_THE_CORE = [
  'test/host',
  'test/functions',
  'test/loops',
  'test/capture.test.ts',
  'test/config.test.ts',
]

/** Properties of the core that take most of its time; on the gate they are searched on the Node of the floor alone. */
const LONG = [
  'cover',
  'report-writer',
  'report-turns',
  'suspects',
  'fence-proposal',
  'incident',
  'prefix',
  'sketches',
  'merged',
  'cost',
]

/** On each `npm test`: arguments of vitest. */
export const QUICK = [
  ...BESIDE_THE_CORE,
  'test/core',
  ...LONG.flatMap((name) => ['--exclude', `test/core/${name}.test.ts`]),
]

/** What `npm run prove -- shipped` runs: the long ones too, and what else the functions and the sidecar are made of. */
export const ALL = [
  ...BESIDE_THE_CORE,
  'test/core',
  'test/contract',
  'test/local',
  'test/settings',
  'test/aws',
]

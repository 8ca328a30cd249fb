/** Tests of what runs on the Node that ships: in the sidecar's tarball, and in the functions. */

/** On each `npm test`, for some 12 s of a processor. */
export const QUICK = [
  'test/host',
  'test/functions',
  'test/loops',
  'test/capture.test.ts',
  'test/config.test.ts',
]

/** And what `npm run prove -- shipped` runs: the properties of the core among them, which take minutes. */
export const ALL = [...QUICK, 'test/core', 'test/contract', 'test/local', 'test/settings', 'test/aws']

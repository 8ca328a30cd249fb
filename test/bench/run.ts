import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/**
 * Benches, each as a process of its own: all in turn, or the one that is named, with whatever it takes.
 *
 *     npm run bench
 *     npm run bench -- fleet 10
 */

const BENCHES = ['replay-speed', 'starts', 'functions', 'flood-to-block', 'fleet']

const [name, ...rest] = process.argv.slice(2)
if (name !== undefined && !BENCHES.includes(name)) {
  console.error(`Cannot run bench "${name}"; it should be one of ${BENCHES.join(', ')}`)
  process.exit(2)
}
for (const each of name === undefined ? BENCHES : [name]) {
  console.log(`\n== ${each}`)
  const path = join(import.meta.dirname, `${each}.ts`)
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', path, ...rest], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Where the processes of a machine are kept together; undefined where this one has no cgroup2. */
export function cgroup2(): string | undefined {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  return mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1]
}

const NEEDS = {
  debootstrap: { has: () => onPath('debootstrap'), what: 'debootstrap (Debian package debootstrap)' },
  cgroup2: { has: () => cgroup2() !== undefined, what: 'a cgroup2 file system' },
} as const

/** As `lacks` in test/skips.ts: whether something that these tests need is missing, which is said aloud. */
export function lacksFor(tests: string, ...needs: (keyof typeof NEEDS)[]): boolean {
  const missing = needs.filter((need) => !NEEDS[need].has())
  if (missing.length === 0) return false
  process.stderr.write(`SKIPPED: ${tests}; needs ${missing.map((need) => NEEDS[need].what).join(', ')}\n`)
  return true
}

function onPath(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

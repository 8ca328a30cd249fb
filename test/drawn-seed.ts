import { execFileSync } from 'node:child_process'

/** `SIPFENCE_SEED`, else the first 31 bits of the commit's hash, else 0 where there is no repository. */
export const DRAWN_SEED = drawnSeed()

/** The drawn seed gets so many times the cases; `SIPFENCE_RUNS`, else 1. */
export const TIMES = Number(process.env['SIPFENCE_RUNS'] ?? 1)

function drawnSeed(): number {
  const given = process.env['SIPFENCE_SEED']
  if (given !== undefined) {
    if (/^\d{1,10}$/.test(given) && Number(given) <= 0x7fff_ffff) return Number(given)
    throw new Error(`Cannot search from SIPFENCE_SEED="${given}": it should be a number up to 2147483647`)
  }
  try {
    const hash = execFileSync('git', ['rev-parse', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return Number.parseInt(hash.slice(0, 8), 16) & 0x7fff_ffff
  } catch {
    return 0
  }
}
